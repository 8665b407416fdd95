"""The HTTP door: one part for citizens, who do not sign in, and one for the staff in charge."""

from fastapi import APIRouter

from services.citizen_feedback.routes import citizens, staff

router = APIRouter()
for part in (citizens, staff):
    router.include_router(part.router)
