"""Coverage: which items a region has to publish, and which it has."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common.errors import NotFound
from libs.common.fields import Code
from libs.common.http import Act, Reads
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.routes.shared import NEXT, Listing, answer_page

router = APIRouter(route_class=Act, tags=["coverage"])


class CoverageView(BaseModel):
    """An item that the region has to publish, and what it has published."""

    code: Code = Field(examples=["03001001"])
    field: Code = Field(examples=["03"])
    field_name: str = Field(examples=["义务教育"])
    level1_item: str = Field(examples=["政策文件"])
    level2_item: str = Field(examples=["规范性文件"])
    level3_item: str | None = Field(examples=[None])
    covered: bool = Field(description="Whether anything public stands under the item.", examples=[True])
    documents: int = Field(ge=0, description="Public documents and village notices of the region itself.", examples=[4])
    latest_published_at: datetime | None = Field(description="Of the newest of them; null when there is none.")


class CoveragePage(BaseModel):
    """A page of coverage, by code of the item."""

    items: list[CoverageView]
    next: str | None = NEXT


class CoverageListing(Listing):
    """Query of the coverage."""

    field: Code | None = Field(None, description="Only items of this field.")
    covered: bool | None = Field(None, description="Only items that are covered, or only those that are not.")


@router.get("/coverage/{region}", summary="Coverage of a region", response_model=CoveragePage)
async def coverage(
    region: RegionCode, request: Request, database: Reads, listing: Annotated[CoverageListing, Query()]
) -> Response:
    """The items of the region's own level (公开层级), each with what the region itself has published of it.

    What a town receives from its county does not count: the town owes its own.
    """
    level: str | None = await database.reads.fetchval(queries.LEVEL, region)
    if level is None:
        raise NotFound
    return await answer_page(request, database, listing.page("coverage", queries.COVERAGE, region, level))
