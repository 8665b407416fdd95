"""Regions (行政区划)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock
from libs.common.http import Act, Reads, Session, Staff
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands import places
from services.catalog.routes.shared import NEXT, VERSION, Listing, SeenIfAny, answer_page, put_answered, put_answers
from services.catalog.rules import RegionContent

router = APIRouter(route_class=Act, tags=["regions"])


class RegionView(RegionContent):
    """A region as it is shown."""

    code: RegionCode
    version: int = VERSION


class RegionPage(BaseModel):
    """A page of regions, by code."""

    items: list[RegionView]
    next: str | None = NEXT


class RegionListing(Listing):
    """Query of the regions."""

    parent: RegionCode | None = Field(None, description="Only those right below this one.")


@router.put("/regions/{code}", summary="Create or replace a region", responses=put_answers(RegionView))
async def put_region(
    code: RegionCode, body: RegionContent, session: Session, actor: Staff, seen: SeenIfAny, response: Response
) -> RegionView:
    """For administrators of the region. The region above must exist; the code tells level and parent."""
    region = await places.put_region(session, code, body, seen, actor, clock.now())
    put_answered(response, region.version, seen)
    return RegionView(code=region.code, version=region.version, **body.model_dump())


@router.get("/regions", summary="List regions", response_model=RegionPage)
async def list_regions(request: Request, database: Reads, listing: Annotated[RegionListing, Query()]) -> Response:
    """All regions by code, or those right below one."""
    return await answer_page(request, database, listing.page("regions", queries.REGIONS))
