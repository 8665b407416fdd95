"""The HTTP door of policy_interpretation."""

from fastapi import APIRouter

from services.policy_interpretation.routes import acts, reads

router = APIRouter()
for part in (acts, reads):
    router.include_router(part.router)
