"""The HTTP door of publication."""

from fastapi import APIRouter

from services.publication.routes import acts, desk, listings, pages, receipts

router = APIRouter()
for part in (acts, desk, pages, receipts, listings):
    router.include_router(part.router)
