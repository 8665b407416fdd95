"""The HTTP door of policy_interpretation."""

from fastapi import APIRouter

from services.policy_interpretation.routes import acts, reads

_PARTS = (acts, reads)
# Taken as they are: FastAPI makes every route that it includes a second time.
router = APIRouter(routes=[route for part in _PARTS for route in part.router.routes])
