"""What was made public without the web (线下公开)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock
from libs.common.fields import Code
from libs.common.http import Act, Reads, Session, Staff
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands import duties
from services.catalog.routes.shared import NEXT, VERSION, Listing, SeenIfAny, answer_page, put_answered, put_answers
from services.catalog.rules.offline import OfflineContent

router = APIRouter(route_class=Act, tags=["duties"])


class OfflineView(OfflineContent):
    """A disclosure offline as it is shown."""

    code: Code
    version: int = VERSION


class OfflinePage(BaseModel):
    """A page of disclosures offline, by code."""

    items: list[OfflineView]
    next: str | None = NEXT


class OfflineListing(Listing):
    """Query of the disclosures offline."""

    region: RegionCode | None = Field(None, description="Only those of this region.")
    item: Code | None = Field(None, description="Only those of this item.")
    struck: bool | None = Field(None, description="Only what was struck out, or only what counts.")


@router.put("/offline-disclosures/{code}", summary="Record a disclosure offline", responses=put_answers(OfflineView))
async def put_offline(
    code: Code, body: OfflineContent, session: Session, actor: Staff, seen: SeenIfAny, response: Response
) -> OfflineView:
    """For clerks and administrators of the region. It covers its item and meets its duty as a publication does.

    `code` is yours to give. A wrong entry is not deleted: say in `struck` why it does not count.
    """
    kept = await duties.put_offline(session, code, body, seen, actor, clock.now())
    put_answered(response, kept.version, seen)
    return OfflineView(code=code, version=kept.version, **body.model_dump())


@router.get("/offline-disclosures", summary="Disclosures offline", response_model=OfflinePage)
async def list_offline(request: Request, database: Reads, listing: Annotated[OfflineListing, Query()]) -> Response:
    """What was made public on boards, by loudspeaker, at meetings and from door to door, with what proves it."""
    return await answer_page(request, database, listing.page("offline-disclosures", queries.OFFLINE))
