"""Fields (领域) and disclosure items (公开事项)."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock
from libs.common.errors import NotFound
from libs.common.fields import Code, ShortText
from libs.common.http import Act, Reads, Session, Staff, public
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands import items as commands
from services.catalog.routes.shared import NEXT, VERSION, Listing, SeenIfAny, answer_page, put_answered, put_answers
from services.catalog.rules import GrassrootsLevel
from services.catalog.rules.items import Confidence, ItemContent
from services.catalog.rules.time_limits import TimeLimits
from services.catalog.rules.wordings import LONGEST_WORDING, read

router = APIRouter(route_class=Act, tags=["items"])


class ItemView(ItemContent):
    """An item as it is shown."""

    code: Code
    time_limits: TimeLimits = Field(description="What is read from the wording of `time_limit`.")
    region: RegionCode | None = Field(
        None,
        description="The county that keeps it for itself and those below (本地事项); null: of the standard.",
        examples=[None],
    )
    retired_on: date | None = Field(None, description="Since when it is no longer in force.", examples=[None])
    predecessors: list[Code] = Field(
        [], description="Retired items whose publications count for this one (合并, 拆分).", examples=[[]]
    )
    version: int = VERSION


class ItemPage(BaseModel):
    """A page of items, by code."""

    items: list[ItemView]
    next: str | None = NEXT


class FieldView(BaseModel):
    """A field and how many items stand in it."""

    code: Code = Field(examples=["03"])
    name: str = Field(examples=["义务教育"])
    items: int = Field(ge=1, examples=[15])


class Fields(BaseModel):
    """All fields, by code. There are a few dozen, so they come on one page."""

    items: list[FieldView]
    next: None = NEXT


class ItemListing(Listing):
    """Query of the items."""

    field: Code | None = Field(None, description="Only items of this field.")
    level: GrassrootsLevel | None = Field(None, description="Only items that this level publishes.")
    unread: bool | None = Field(
        None, description="Only items with a time limit that is not wholly understood, or only the others."
    )
    audience: Literal["all", "specific"] | None = Field(None, description="Only items for this audience.")
    body: ShortText | None = Field(None, description="Only items whose responsible body (公开主体) contains this.")
    q: ShortText | None = Field(
        None, description="Only items in whose code, field, names, body or elements each of these words stands."
    )
    confidence: Confidence | None = Field(
        None, description="Only items of this confidence (置信度); all but `sourced` are to be checked."
    )
    region: RegionCode | None = Field(
        None, description="The standard and what is local to this region's county; left out: the standard."
    )


@router.put("/items/{code}", summary="Create or replace an item", responses=put_answers(ItemView))
async def put_item(
    code: Code, body: ItemContent, session: Session, actor: Staff, seen: SeenIfAny, response: Response
) -> ItemView:
    """For administrators of the province: it keeps the standard. The first item of a field names it.

    A county below a province adds local items, whose codes have a serial from 900 on behind the code of the field
    (`03900001`, `03001901`); they are in force in the county and below. Where no province is kept, counties keep all.
    A code is one thing in the whole installation.
    """
    item = await commands.put_item(session, code, body, seen, actor, clock.now())
    put_answered(response, item.version, seen)
    known = {name: getattr(item, name) for name in ("code", "region", "version", "predecessors")}
    return ItemView(**known, time_limits=read(body.time_limit), **body.model_dump())


@router.get("/items", summary="List items", response_model=ItemPage)
async def list_items(request: Request, database: Reads, listing: Annotated[ItemListing, Query()]) -> Response:
    """The standard catalog by code, with a region's local items where one is asked for, or some of them."""
    return await answer_page(request, database, listing.page("items", queries.ITEMS))


@router.get("/items/{code}", summary="Read an item", response_model=ItemView)
async def read_item(code: Code, request: Request, database: Reads) -> Response:
    """One item, of the standard or local."""
    item: str | None = await database.reads.fetchval(queries.ITEM, code)
    if item is None:
        raise NotFound
    return public(request, item.encode())


@router.get("/time-limits", summary="Read a time limit", response_model=TimeLimits)
async def read_time_limit(
    request: Request,
    wording: Annotated[
        str,
        Query(min_length=1, max_length=LONGEST_WORDING, description="公开时限 as worded.", examples=["每季度"]),
    ],
) -> Response:
    """What a wording would be read as, before an item is put: the limits, and the parts that are not understood."""
    return public(request, read(wording).model_dump_json().encode())


@router.get("/fields", summary="List fields", response_model=Fields)
async def list_fields(
    request: Request,
    database: Reads,
    region: Annotated[RegionCode | None, Query(description="Count what is local to its county, too.")] = None,
) -> Response:
    """Every field in which an item stands."""
    fields: str = await database.reads.fetchval(queries.FIELDS, region)
    return public(request, f'{{"items":{fields},"next":null}}'.encode())
