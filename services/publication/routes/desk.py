"""What staff work on: the draft, the desk of waiting documents, the history of editions."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
import orjson
from fastapi import APIRouter, Query, Request, Response

from libs.common.encode import json_bytes
from libs.common.errors import NotFound
from libs.common.http import Act, Reads, Staff, etag
from libs.common.permission import Actor, permit
from services.publication import queries, rules
from services.publication.routes.examples import DESK_RESPONSES, DRAFT_RESPONSES, EDITIONS_RESPONSES

router = APIRouter(route_class=Act, tags=["staff"])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str | None, Query(max_length=512, description="`next` of the page before.")]


@router.get("/documents", responses=DESK_RESPONSES)
async def read_desk(
    request: Request,
    database: Reads,
    actor: Staff,
    state: Annotated[Literal["draft", "submitted", "approved"], Query(description="What waits in this state.")],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """The documents that wait in a state, within the caller's region and organisation, last changed first."""
    permit(rules.GRANTS, actor, "publication.read_work", region=actor.region)
    scope = f"desk|{state}|{actor.region}|{actor.organisation}"
    after = None
    if cursor is not None:
        micros, last = request.app.state.cursors.read(cursor, scope)
        after = _EPOCH + timedelta(microseconds=int(micros)), UUID(str(last))
    rows = [dict(row) for row in await queries.desk(database.reads, actor, state, after, limit + 1)]
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        micros = (rows[-1]["changed_at"] - _EPOCH) // timedelta(microseconds=1)
        following = request.app.state.cursors.sign((micros, str(rows[-1]["content_id"])), scope)
    return _private({"items": rows, "next": following})


@router.get("/documents/{content_id}/draft", responses=DRAFT_RESPONSES)
async def read_draft(content_id: UUID, database: Reads, actor: Staff) -> Response:
    """The edition that is being worked on, whole; its ETag is what `If-Match` asks for."""
    row = await queries.work(database.reads, content_id)
    if row is None:
        raise NotFound
    _permit(actor, row)
    body = {
        **row,
        "content_id": content_id,
        "reach": orjson.Fragment(row["reach"]),
        "structured": orjson.Fragment(row["structured"] or "null"),
        "column": row["column_name"],
    }
    del body["column_name"], body["organisation_path"]
    return _private(body, {"ETag": etag(row["version"])})


@router.get("/documents/{content_id}/editions", responses=EDITIONS_RESPONSES)
async def read_editions(
    content_id: UUID,
    database: Reads,
    actor: Staff,
    limit: Limit = 20,
    before: Annotated[int, Query(ge=1, le=2**31, description="`next` of the page before.")] = 2**31,
) -> Response:
    """The editions of a document, newest first. `version` is the document's, for `If-Match`."""
    rows = [dict(row) for row in await queries.editions(database.reads, content_id, before, limit + 1)]
    if not rows:
        raise NotFound
    _permit(actor, rows[0])
    for row in rows:
        del row["organisation_path"]
    following = rows[limit - 1]["number"] if len(rows) > limit else None
    return _private({"items": rows[:limit], "next": following}, {"ETag": etag(rows[0]["version"])})


def _permit(actor: Actor, row: asyncpg.Record | dict[str, Any]) -> None:
    where = {"region": row["region"], "organisations": row["organisation_path"]}
    permit(rules.GRANTS, actor, "publication.read_work", **where)


def _private(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(
        json_bytes(body),
        headers={"Cache-Control": "private, no-store", **(headers or {})},
        media_type="application/json",
    )
