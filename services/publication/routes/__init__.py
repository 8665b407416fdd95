"""The HTTP door of publication."""

from fastapi import APIRouter

from services.publication.routes import acts, desk, listings, pages, receipts

router = APIRouter()
for part in (listings, pages, receipts, acts, desk):
    router.include_router(part.router)
