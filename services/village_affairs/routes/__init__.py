"""The HTTP door of village_affairs: boards and pages for everybody, acts for those who handle notices."""

from fastapi import APIRouter

from services.village_affairs.routes import acts, boards, pages

router = APIRouter()
for part in (boards, pages, acts):
    router.include_router(part.router)
