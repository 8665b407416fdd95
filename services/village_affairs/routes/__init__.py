"""The HTTP door of village_affairs: boards and pages for everybody, acts for those who handle notices."""

from fastapi import APIRouter

from services.village_affairs.routes import acts, boards, pages

_PARTS = (boards, pages, acts)
# Taken as they are: FastAPI makes every route that it includes a second time.
router = APIRouter(routes=[route for part in _PARTS for route in part.router.routes])
