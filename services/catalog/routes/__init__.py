"""The HTTP door of catalog: administrators put regions, organisations and items; everybody reads."""

from fastapi import APIRouter

from services.catalog.routes import (
    consultations,
    correspondences,
    coverage,
    duties,
    editions,
    items,
    local_terms,
    negative,
    occasions,
    offline,
    organisations,
    overrides,
    regions,
    revisions,
    spreadsheets,
    tallies,
    templates,
)

_PARTS = (
    regions,
    organisations,
    spreadsheets,
    items,
    templates,
    local_terms,
    correspondences,
    coverage,
    tallies,
    duties,
    occasions,
    offline,
    negative,
    revisions,
    consultations,
    editions,
    overrides,
)
# Taken as they are: FastAPI makes every route that it includes a second time.
router = APIRouter(routes=[route for part in _PARTS for route in part.router.routes])
