"""The HTTP door: one part for citizens, who do not sign in, and one for the staff in charge."""

from fastapi import APIRouter

from services.citizen_feedback.routes import citizens, staff

_PARTS = (citizens, staff)
# Taken as they are: FastAPI makes every route that it includes a second time.
router = APIRouter(routes=[route for part in _PARTS for route in part.router.routes])
