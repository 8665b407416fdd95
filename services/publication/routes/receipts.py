"""Receipts: which effects of a document's newest publish or withdrawal have been applied, and when."""

import asyncio
import re
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from libs.common.db import Database
from libs.common.encode import json_bytes
from libs.common.errors import NotFound
from libs.common.events import DocumentPublished, DocumentWithdrawn, Reach
from libs.common.http import Act, Reads
from services.publication import queries, rules
from services.publication.routes.models import Effect, Receipt
from services.publication.tables import Document

router = APIRouter(route_class=Act, tags=["receipts"])
WAIT_MOST_SECONDS = 30
_POLL_SECONDS = 0.5
_KINDS = (DocumentPublished.kind, DocumentWithdrawn.kind)
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])")


@router.get("/documents/{content_id}/propagation")
async def propagation(content_id: UUID, database: Reads, response: Response) -> Receipt:
    """The receipt of the newest publish or withdrawal: every effect, whether it is applied, and when."""
    response.headers["Cache-Control"] = "no-store"
    return await receipt(database, content_id)


async def receipt(database: Database, content_id: UUID) -> Receipt:
    """Read the receipt. Raises NotFound for a document that was never published."""
    event = await queries.latest_event(database.reads, content_id, _KINDS)
    if event is None:
        raise NotFound
    said = orjson.loads(event["payload"])
    effects = rules.effects_of(
        said["region"], Reach.model_validate(said["reach"]), said.get("interpretation_required", True)
    )
    position: int | None = event["position"]
    readers = sorted(set(effects.values()) - {rules.OWN})
    reached = await queries.reached(database.reads, readers, position, str(content_id)) if position is not None else {}
    listed = []
    for name, reader in effects.items():
        if reader == rules.OWN:
            listed.append(Effect(name=name, state="applied", at=event["created_at"], position=position))
            continue
        passed, parked, at = reached.get(reader, (False, False, None))
        state = "failed" if passed and parked else "applied" if passed else "pending"
        listed.append(Effect(name=name, state=state, at=at if state == "applied" else None, position=position))
    return Receipt(
        document=content_id,
        version=event["version"],
        kind=event["type"],
        accepted_at=event["created_at"],
        effects=listed,
    )


def settle(request: Request, prefer: str | None, document: Document) -> None:
    """Ask that the answer wait, after the commit, until the effects of this act are applied (RFC 7240)."""
    match = _WAIT.search(prefer or "")
    if match is None:
        return
    seconds = min(int(match[1]), WAIT_MOST_SECONDS)
    database: Database = request.app.state.database
    content_id, version = document.content_id, document.version

    async def wait(answer: Response) -> Response:
        found = await _settled(database, content_id, version, seconds)
        body = {**orjson.loads(bytes(answer.body)), "propagation": found.model_dump(mode="json")}
        headers = {"ETag": answer.headers["etag"], "Preference-Applied": f"wait={seconds}"}
        return Response(json_bytes(body), answer.status_code, headers, "application/json")

    request.state.after_commit = wait


async def _settled(database: Database, content_id: UUID, version: int, seconds: int) -> Receipt:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    with database.bell.waiting("progress") as progress:
        while True:
            found = await receipt(database, content_id)
            left = deadline - loop.time()
            if found.settled or found.version > version or left <= 0:
                return found
            await progress.wait(min(left, _POLL_SECONDS))
