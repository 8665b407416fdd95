"""The HTTP door of publication."""

from fastapi import APIRouter

from services.publication.routes import acts, desk, listings, pages, receipts

_PARTS = (listings, pages, receipts, acts, desk)
# Taken as they are: FastAPI makes every route that it includes a second time.
router = APIRouter(routes=[route for part in _PARTS for route in part.router.routes])
