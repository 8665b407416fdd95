"""Which items of county, town and village are the same matter (相同事项的公开内容对应一致)."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock
from libs.common.fields import Code
from libs.common.http import Act, Reads, Session, Staff
from services.catalog import queries
from services.catalog.commands import correspondences as commands
from services.catalog.routes.shared import NEXT, VERSION, Listing, SeenIfAny, answer_page, put_answered, put_answers
from services.catalog.rules import GrassrootsLevel
from services.catalog.rules.correspondences import CorrespondenceContent, Member

router = APIRouter(route_class=Act, tags=["correspondences"])


class CorrespondenceAnswer(CorrespondenceContent):
    """A correspondence as it is kept."""

    code: Code = Field(examples=["subsidy-farmland"])
    version: int = VERSION


class MemberView(Member):
    """A member with the names of its item."""

    field: Code = Field(examples=["19"])
    level1_item: str = Field(examples=["农业生产发展资金"])
    level2_item: str = Field(examples=["耕地地力保护补贴"])
    level3_item: str | None = Field(examples=[None])
    retired_on: date | None = Field(
        description="Since when the item is not in force: then another one is to take its place.", examples=[None]
    )


class CorrespondenceView(CorrespondenceAnswer):
    """A correspondence as it is shown."""

    members: Sequence[MemberView] = Field(description="In the order in which they were named.")


class CorrespondencePage(BaseModel):
    """A page of correspondences, by code."""

    items: list[CorrespondenceView]
    next: str | None = NEXT


class CorrespondenceListing(Listing):
    """Query of the correspondences."""

    item: Code | None = Field(None, description="Only those of which this item is a member.")
    level: GrassrootsLevel | None = Field(
        None, description="Only those with a member of this level; with `item`, with that item at this level."
    )
    dissolved: bool | None = Field(None, description="Only those that have ended, or only those that hold.")


@router.put(
    "/correspondences/{code}",
    summary="Say that items are the same matter",
    responses=put_answers(CorrespondenceAnswer),
)
async def put_correspondence(
    code: Code, body: CorrespondenceContent, session: Session, actor: Staff, seen: SeenIfAny, response: Response
) -> CorrespondenceAnswer:
    """For administrators of the province, or of a county that has none above. `code` is yours to give.

    Its items are in force and are published at the levels that are named. To end it, say why in `dissolved`.
    """
    kept = await commands.put_correspondence(session, code, body, seen, actor, clock.now())
    put_answered(response, kept.version, seen)
    return CorrespondenceAnswer(code=code, version=kept.version, **body.model_dump())


@router.get("/correspondences", summary="Correspondences", response_model=CorrespondencePage)
async def list_correspondences(
    request: Request, database: Reads, listing: Annotated[CorrespondenceListing, Query()]
) -> Response:
    """Which items of several levels are the same matter, with their names and the figures that must agree."""
    return await answer_page(request, database, listing.page("correspondences", queries.CORRESPONDENCES))
