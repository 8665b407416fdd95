"""Villages and their boards: what everybody may read without signing in."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common.cards import DocumentCard, NoticeCard
from libs.common.errors import Malformed, NotFound
from libs.common.events.village_affairs import Category
from libs.common.fields import Code
from libs.common.http import Act, Reads, public
from libs.common.listing import Page, Scope, read_page
from libs.common.paging import LONGEST_TOKEN, Cursors, next_link
from libs.common.regions import RegionCode
from services.village_affairs import queries

router = APIRouter(route_class=Act)

Limit = Annotated[int, Query(ge=1, le=100, description="Most items of a page.")]
Cursor = Annotated[str | None, Query(max_length=LONGEST_TOKEN, description="`next` of the page before.")]


class VillageView(BaseModel):
    """A village or residents' committee."""

    code: str = Field(examples=["990001101201"], description="12-digit division code.")
    name: str = Field(examples=["东庄村"])
    town: str = Field(examples=["990001101000"], description="Code of its town.")
    county: str | None = Field(examples=["990001000000"], description="Code of its county, if it has one.")


class Villages(BaseModel):
    """A page of villages, by code."""

    items: list[VillageView]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class Board(BaseModel):
    """A page of a village's board, newest first."""

    items: list[Annotated[NoticeCard | DocumentCard, Field(discriminator="kind")]]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


@router.get("/villages", response_model=Villages, summary="List villages")
async def villages(
    request: Request,
    database: Reads,
    region: Annotated[RegionCode | None, Query(description="Only villages of this county or town.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """The villages that have a board, by code."""
    cursors: Cursors = request.app.state.cursors
    scope = f"villages|{region}"
    after = str(cursors.read(cursor, scope)[0]) if cursor is not None else region or ""
    last = queries.last_code_within(region) if region else "9" * 12
    rows = await database.reads.fetch(queries.VILLAGES, after, last, limit + 1)
    more = cursors.sign((rows[limit - 1]["code"],), scope) if len(rows) > limit else None
    page = Villages(items=[VillageView(**row) for row in rows[:limit]], next=more)
    return _page(request, page.model_dump_json().encode(), more)


@router.get("/villages/{code}", response_model=VillageView, summary="Read a village")
async def village(request: Request, database: Reads, code: RegionCode) -> Response:
    """One village by its code."""
    row = await database.reads.fetchrow(queries.VILLAGE, code)
    if row is None:
        raise NotFound
    return public(request, VillageView(**row).model_dump_json().encode())


@router.get("/villages/{code}/listing", response_model=Board, summary="Read a village's board")
async def board(
    request: Request,
    database: Reads,
    code: RegionCode,
    kind: Annotated[Literal["document", "notice"] | None, Query(description="Only entries of this kind.")] = None,
    category: Annotated[Category | None, Query(description="Only notices of this category.")] = None,
    field: Annotated[Code | None, Query(description="Only entries of this field (领域).")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """The village's own notices and documents, merged with the county's and town's documents that reach it.

    An item shows the same on the village board as where it was published (上下对应一致): cards of documents
    lead to the document itself.
    """
    if category and kind == "document":
        raise Malformed("只有村务公告分类别,文件没有类别。", field="query.category")
    if await database.reads.fetchrow(queries.VILLAGE, code) is None:
        raise NotFound
    wanted = {"kind": kind, "column": category, "field": field}
    filters = {name: value for name, value in wanted.items() if value is not None}
    # Notices stand on the board of their own village only: what reaches it from above need not be searched.
    scope: Scope = "own" if kind == "notice" or category else "all"
    page = Page(region=code, scope=scope, filters=filters, limit=limit, cursor=cursor)
    body, more = await read_page(database.reads, request.app.state.cursors, page)
    return _page(request, body, more)


def _page(request: Request, body: bytes, cursor: str | None) -> Response:
    link = {"Link": next_link(request.url.path, request.query_params, cursor)} if cursor else None
    return public(request, body, link)
