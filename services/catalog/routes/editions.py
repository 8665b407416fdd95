"""The editions (版次) of a field's catalog, and what is different between them."""

from datetime import date
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock
from libs.common.db import Database
from libs.common.errors import NotFound
from libs.common.fields import Code
from libs.common.http import Act, Reads, Session, Staff, public
from services.catalog import queries
from services.catalog.commands import editions as commands
from services.catalog.routes.shared import NEXT
from services.catalog.rules.revisions import compared

router = APIRouter(route_class=Act, tags=["revisions"])


class EditionView(BaseModel):
    """An edition of a field's catalog."""

    number: int = Field(ge=1, examples=[2])
    revision: Code | None = Field(description="The revision that made it; null: items put in place one by one.")
    in_force_on: date = Field(examples=["2027-03-01"])
    items: int = Field(ge=0, description="How many items it has.", examples=[12])


class Editions(BaseModel):
    """The editions of a field, newest first."""

    items: list[EditionView]
    next: None = NEXT


class ChangedItem(BaseModel):
    """An item that is not as it was."""

    code: Code = Field(examples=["03001001"])
    changed: list[str] = Field(description="The members that differ.", examples=[["time_limit"]])


class Difference(BaseModel):
    """What is different between two editions."""

    added: list[Code] = Field(examples=[["03001003"]])
    retired: list[Code] = Field(examples=[["03001001"]])
    changed: list[ChangedItem]


class KeptEditions(BaseModel):
    """Whose first edition was kept."""

    fields: list[Code] = Field(description="Fields that had none; empty when all have one.", examples=[["03", "05"]])


@router.post("/editions", summary="Keep the standard as first editions")
async def keep_editions(session: Session, actor: Staff) -> KeptEditions:
    """Of every field that has none: the standard as it stands is its edition 1, and revisions make those after it.

    For administrators of the province; of a county where no province is kept. Local items are no part of an edition.
    """
    return KeptEditions(fields=await commands.keep_editions(session, actor, clock.now()))


@router.get("/fields/{field}/editions", summary="Editions of a field", response_model=Editions)
async def list_editions(field: Code, request: Request, database: Reads) -> Response:
    """The first is kept on demand, or when the first revision comes into force: the catalog as it was until then."""
    found: str = await database.reads.fetchval(queries.EDITIONS, field)
    return public(request, f'{{"items":{found},"next":null}}'.encode())


@router.get("/fields/{field}/editions/{number}/changes", summary="What changed", response_model=Difference)
async def changes(
    field: Code,
    number: Annotated[int, Path(ge=1, le=2**31)],
    request: Request,
    database: Reads,
    since: Annotated[
        int | None, Query(ge=1, le=2**31, description="The other edition; the one before by default.")
    ] = None,
) -> Response:
    """Compares any two editions of a field."""
    new = await _items(database, field, number)
    old = await _items(database, field, since if since is not None else max(number - 1, 1))
    return public(request, orjson.dumps(compared(old, new)))


async def _items(database: Database, field: str, number: int) -> list[dict[str, Any]]:
    found = await database.reads.fetchval(queries.EDITION, field, number)
    if found is None:
        raise NotFound
    items: list[dict[str, Any]] = orjson.loads(found)
    return items
