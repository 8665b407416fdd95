"""The HTTP door of catalog: administrators put regions, organisations and items; everybody reads."""

from fastapi import APIRouter

from services.catalog.routes import coverage, items, organisations, regions

router = APIRouter()
for part in (regions, organisations, items, coverage):
    router.include_router(part.router)
