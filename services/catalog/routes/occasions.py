"""What happened that time limits run from (触发情形)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock
from libs.common.fields import Code
from libs.common.http import Act, Reads, Session, Staff
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands.occasions import put_occasion as command
from services.catalog.routes.shared import NEXT, VERSION, Listing, SeenIfAny, answer_page, put_answered, put_answers
from services.catalog.rules.occasions import OccasionContent

router = APIRouter(route_class=Act, tags=["duties"])


class OccasionView(OccasionContent):
    """An occasion as it is shown."""

    code: Code
    version: int = VERSION


class OccasionPage(BaseModel):
    """A page of occasions, by code."""

    items: list[OccasionView]
    next: str | None = NEXT


class OccasionListing(Listing):
    """Query of the occasions."""

    region: RegionCode | None = Field(None, description="Only those of this region.")
    item: Code | None = Field(None, description="Only those of this item.")
    struck: bool | None = Field(None, description="Only what was struck out, or only what counts.")


@router.put("/occasions/{code}", summary="Record an occasion", responses=put_answers(OccasionView))
async def put_occasion(
    code: Code, body: OccasionContent, session: Session, actor: Staff, seen: SeenIfAny, response: Response
) -> OccasionView:
    """For clerks and administrators of the region: a limit of the item runs from that day, and its duty is listed.

    `code` is yours to give. A wrong entry is not deleted: say in `struck` why it does not count.
    """
    kept = await command(session, code, body, seen, actor, clock.now())
    put_answered(response, kept.version, seen)
    return OccasionView(code=code, version=kept.version, **body.model_dump())


@router.get("/occasions", summary="Occasions", response_model=OccasionPage)
async def list_occasions(request: Request, database: Reads, listing: Annotated[OccasionListing, Query()]) -> Response:
    """What was recorded as having happened, or as being to come, and the item that is due in consequence."""
    return await answer_page(request, database, listing.page("occasions", queries.OCCASIONS))
