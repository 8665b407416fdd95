"""A whole catalog as a spreadsheet: preview what one would change, adopt it, and get the present one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock, regions
from libs.common.db import Database
from libs.common.fields import Body, Code
from libs.common.http import Act, Reads, Session, Staff
from libs.common.permission import permit
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands import items as commands
from services.catalog.export import FORMATS, write
from services.catalog.rules import GRANTS, GrassrootsLevel, check_keeps_catalog
from services.catalog.rules.items import Adopted, ItemContent, ItemEntry
from services.catalog.rules.levels import Keeper
from services.catalog.rules.reading import Known, Plan, Taken, plan
from services.catalog.rules.sheets import read_sheet
from services.catalog.workbook import read_workbook

MOST_ITEMS = 5_000
MOST_FINDINGS = 1_000
LARGEST_BODY = 16_000_000
"""Bytes: a county's whole catalog at once is more than other acts may send."""

_FILE = {
    "requestBody": {
        "required": True,
        "description": "The file itself: xlsx, xls, or csv in UTF-8 or GB 18030.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class _Preview(Act):
    """A POST that writes nothing and so opens no transaction."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return super(Act, self).get_route_handler()


router = APIRouter(route_class=Act, tags=["spreadsheets"])
previews = APIRouter(route_class=_Preview, tags=["spreadsheets"])


class FindingView(BaseModel):
    """Something wrong with a cell."""

    severity: Literal["error", "warning"] = Field(
        description="An error keeps its row out; a warning does not.", examples=["warning"]
    )
    sheet: str = Field(description="Name of the sheet.", examples=["义务教育"])
    cell: str = Field(description="As a spreadsheet shows it; the row, where it has no such column.", examples=["F12"])
    message: str = Field(examples=["“同上”之上没有内容。"])


class ChangeView(BaseModel):
    """What the adoption of one row would do."""

    kind: Literal["add", "change", "same"] = Field(examples=["change"])
    code: str = Field(examples=["03001001"])
    changed: list[str] = Field(description="The members that differ.", examples=[["time_limit"]])


class Preview(BaseModel):
    """What a file says and would change. `items` is the body for `PUT /catalog/items`, as soon as no error is left."""

    findings: list[FindingView] = Field(description=f"The first {MOST_FINDINGS}.")
    changes: list[ChangeView]
    absent: list[str] = Field(description="Items of the catalog that the file does not hold; they stay as they are.")
    items: list[ItemEntry]


class ItemsBody(Body):
    """Items to be put in place together."""

    items: list[ItemEntry] = Field(min_length=1, max_length=MOST_ITEMS, description="As the preview lists them.")


@previews.post(
    "/imports",
    summary="Preview a spreadsheet",
    response_model=Preview,
    openapi_extra=_FILE,
    max_body_size=LARGEST_BODY,
)
async def preview(request: Request, database: Reads, actor: Staff) -> Response:
    """Reads a catalog from a spreadsheet and compares it with the one in force. Nothing is changed.

    A sheet is a field (领域): its name, its title or a column says which. Header names, tick marks, merged cells and
    同上 are understood as counties write them. Every error and warning names its cell. It is compared with the standard
    and, for a county, with its local items; what a county below a province adds gets codes of the reserved range.
    """
    permit(GRANTS, actor, "catalog.put_item", region=actor.region)
    check_keeps_catalog(actor)
    raw = await request.body()
    fields = {row["name"]: row["code"] for row in await database.reads.fetch(queries.FIELD_CODES)}
    place = await database.reads.fetchval(queries.REGION_NAME, regions.parse(actor.region)) or ""
    cards = await _cards(database, None, None, actor.region)
    taken = [tuple(row) for row in await database.reads.fetch(queries.CODES)]
    tree = {row["code"] for row in await database.reads.fetch(queries.TREE, actor.region)}
    local = not Keeper(actor.region, tree).of_standard
    answer = await asyncio.to_thread(_preview, raw, fields, cards, place, taken, local)
    return Response(answer, media_type="application/json")


@router.put("/items", summary="Put many items in place", max_body_size=LARGEST_BODY)
async def put_items(body: ItemsBody, session: Session, actor: Staff) -> Adopted:
    """All of them in one transaction, or none. Each names the version that it replaces, as the preview does."""
    return await commands.put_items(session, body.items, actor, clock.now())


@router.get("/exports/{format}", summary="Export the catalog", response_class=Response, responses=FORMATS)
async def export(
    format: Literal["xlsx", "csv", "json"],
    request: Request,
    database: Reads,
    field: Annotated[Code | None, Query(description="Only items of this field.")] = None,
    level: Annotated[GrassrootsLevel | None, Query(description="Only items that this level publishes.")] = None,
    region: Annotated[RegionCode | None, Query(description="With what is local to its county, too.")] = None,
) -> Response:
    """The catalog as a file: `xlsx` in the official table layout, a sheet per field, printing on A3; `csv`; `json`.

    A preview of this file finds nothing to change.
    """
    cards = await _cards(database, field, level, region)
    content, media_type = await asyncio.to_thread(write, format, cards)
    name = f"catalog{f'-{field}' if field else ''}.{format}"
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


async def _cards(database: Database, field: str | None, level: str | None, region: str | None) -> list[dict[str, Any]]:
    rows = await database.reads.fetch(queries.ALL_ITEMS, field, level, region)
    return await asyncio.to_thread(lambda: [orjson.loads(row["card"]) for row in rows])


def _preview(
    raw: bytes, fields: dict[str, str], cards: list[dict[str, Any]], place: str, taken: list[Taken], local: bool
) -> bytes:
    sheets = [read_sheet(table, fields) for table in read_workbook(raw)]
    return _answer(plan(sheets, fields, [_known(card) for card in cards], place, taken, local=local))


def _known(card: dict[str, Any]) -> Known:
    content = ItemContent.model_validate({name: card[name] for name in ItemContent.model_fields})
    return Known(card["code"], card["version"], content)


def _answer(made: Plan) -> bytes:
    entries = [{**c.content.model_dump(), "code": c.code, "version": c.seen} for c in made.changes]
    changes = [{"kind": c.kind, "code": c.code, "changed": c.changed} for c in made.changes]
    findings = made.findings[:MOST_FINDINGS]
    return orjson.dumps({"findings": findings, "changes": changes, "absent": made.absent, "items": entries})


router.routes.extend(previews.routes)
