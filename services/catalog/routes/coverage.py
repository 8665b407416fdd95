"""Coverage: which items a region has to publish, and which it has."""

import asyncio
from datetime import date, datetime
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common.errors import NotFound
from libs.common.fields import Body, Code, Sentence
from libs.common.http import Act, Reads, Session, Staff, public
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands.coverage import put_applicability
from services.catalog.export import TABLES, write_coverage
from services.catalog.queries import tallies
from services.catalog.routes.shared import NEXT, VERSION, Listing, SeenIfAny, answer_page, put_answered, put_answers

router = APIRouter(route_class=Act, tags=["coverage"])


MOST_ITEMS = 5_000
"""Of an export: as many as a catalog can be put in place with at once."""

State = Literal["covered", "missing", "not_applicable"]


class CoverageView(BaseModel):
    """An item that the region has to publish, and what it has published."""

    code: Code = Field(examples=["03001001"])
    field: Code = Field(examples=["03"])
    field_name: str = Field(examples=["义务教育"])
    level1_item: str = Field(examples=["政策文件"])
    level2_item: str = Field(examples=["规范性文件"])
    level3_item: str | None = Field(examples=[None])
    state: State = Field(description="Covered; missing; or 不涉及, with the reason.", examples=["covered"])
    not_applicable: str | None = Field(description="Why the item does not concern the region.", examples=[None])
    applicability_version: int | None = Field(
        description="Of what was said of that; name it to say something else. Null when nothing was.", examples=[None]
    )
    covered: bool = Field(
        description="Whether anything is public under the item, on the web or offline.", examples=[True]
    )
    documents: int = Field(ge=0, description="Public documents and village notices of the region itself.", examples=[4])
    latest_published_at: datetime | None = Field(description="Of the newest of them; null when there is none.")
    offline_disclosures: int = Field(
        ge=0, description="Recorded disclosures offline (线下公开) that count.", examples=[0]
    )
    latest_disclosed_on: date | None = Field(description="Of the newest of those.", examples=[None])


class CoveragePage(BaseModel):
    """A page of coverage, by code of the item."""

    items: list[CoverageView]
    next: str | None = NEXT


class CoverageListing(Listing):
    """Query of the coverage."""

    field: Code | None = Field(None, description="Only items of this field.")
    covered: bool | None = Field(None, description="Only items that are covered, or only those that are not.")
    state: State | None = Field(None, description="Only items in this state; `missing` are the gaps.")


@router.get("/coverage/{region}", summary="Coverage of a region", response_model=CoveragePage)
async def coverage(
    region: RegionCode, request: Request, database: Reads, listing: Annotated[CoverageListing, Query()]
) -> Response:
    """The items of the region's own level (公开层级), each with what the region itself has made public of it.

    What a town receives from its county does not count: the town owes its own.
    """
    level: str | None = await database.reads.fetchval(queries.LEVEL, region)
    if level is None:
        raise NotFound
    return await answer_page(request, database, listing.page("coverage", queries.COVERAGE, region, level))


class FieldCoverage(BaseModel):
    """What a region owes and has in one field."""

    field: Code = Field(examples=["03"])
    field_name: str = Field(examples=["义务教育"])
    items: int = Field(
        ge=1, description="Items of the region's level, for each of the bodies that owe it.", examples=[12]
    )
    covered: int = Field(ge=0, examples=[9])
    missing: int = Field(ge=0, description="Neither covered nor 不涉及.", examples=[2])
    not_applicable: int = Field(ge=0, examples=[1])
    latest_published_at: datetime | None = Field(description="Of the newest publication in the field.")


class CoverageByField(BaseModel):
    """All fields that have items of the region's level, by code. There are a few dozen, so they come on one page."""

    items: list[FieldCoverage]
    next: None = NEXT


@router.get("/coverage/{region}/fields", summary="Coverage of a region by field", response_model=CoverageByField)
async def coverage_by_field(region: RegionCode, request: Request, database: Reads) -> Response:
    """How many items of each field the region has to publish, has published, and lacks. From kept sums, which follow
    within seconds; `/catalog/tallies/{region}` has them with those of all regions below."""
    if await database.reads.fetchval(queries.LEVEL, region) is None:
        raise NotFound
    fields: str = await database.reads.fetchval(tallies.COVERAGE_BY_FIELD, region)
    return public(request, f'{{"items":{fields},"next":null}}'.encode())


@router.get(
    "/coverage/{region}/exports/{format}",
    summary="Export the coverage of a region",
    response_class=Response,
    responses=TABLES,
)
async def export_coverage(
    region: RegionCode,
    format: Literal["xlsx", "csv"],
    database: Reads,
    field: Annotated[Code | None, Query(description="Only items of this field.")] = None,
    state: Annotated[State | None, Query(description="Only items in this state; `missing` are the gaps.")] = None,
) -> Response:
    """The same as a table for the desk: `xlsx`, printing on A3, or `csv`."""
    found = await database.reads.fetchrow(queries.PLACE, region)
    if found is None:
        raise NotFound
    rows = await database.reads.fetch(queries.COVERAGE, "", MOST_ITEMS, region, found["level"], field, None, state)
    cards = [orjson.loads(row["card"]) for row in rows]
    content, media_type = await asyncio.to_thread(write_coverage, format, found["name"], cards)
    headers = {"Content-Disposition": f'attachment; filename="coverage-{region}.{format}"'}
    return Response(content, media_type=media_type, headers=headers)


class ApplicabilityBody(Body):
    """Whether an item concerns a region."""

    not_applicable: Sentence | None = Field(
        description="Why it does not (不涉及); null: it does.", examples=["本镇无国有土地上房屋征收。"]
    )


class ApplicabilityView(ApplicabilityBody):
    """The same, as it is kept."""

    region: RegionCode
    item: Code
    version: int = VERSION


@router.put(
    "/coverage/{region}/items/{code}",
    summary="Say whether an item concerns a region",
    responses=put_answers(ApplicabilityView),
)
async def put_whether_it_applies(
    region: RegionCode,
    code: Code,
    body: ApplicabilityBody,
    session: Session,
    actor: Staff,
    seen: SeenIfAny,
    response: Response,
) -> ApplicabilityView:
    """For administrators of the region. An item that does not concern it, with the reason, is no gap."""
    said = await put_applicability(session, region, code, body.not_applicable, seen, actor)
    put_answered(response, said.version, seen)
    return ApplicabilityView(region=region, item=code, version=said.version, not_applicable=said.not_applicable)
