"""What everybody may read, and what staff see beside it: duties and interpretations not public yet."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import asyncpg
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from libs.common import clock
from libs.common.auth import authenticate
from libs.common.errors import Gone, NotFound
from libs.common.http import Act, Reads, etag, public
from libs.common.paging import Cursors, next_link
from libs.common.permission import Actor, Verdict, decide
from libs.common.regions import RegionCode
from services.policy_interpretation import queries, rules
from services.policy_interpretation.commands.working import page_path
from services.policy_interpretation.routes.models import (
    DutyPage,
    DutyStateFilter,
    DutyView,
    InterpretationCard,
    InterpretationPage,
    InterpretationWork,
    PublicInterpretation,
    StateFilter,
)
from services.policy_interpretation.rules import State

router = APIRouter(route_class=Act, tags=["public"])

DocumentFilter = Annotated[UUID | None, Query(description="Those of this document alone.")]
RegionFilter = Annotated[RegionCode | None, Query(description="Those of this region and all below it.")]
Limit = Annotated[int, Query(ge=1, le=100, description="Most entries on a page.")]
Cursor = Annotated[str | None, Query(max_length=512, description="`next` of the page before.")]


@router.get("/duties", response_model=DutyPage)
async def list_duties(
    request: Request,
    database: Reads,
    document: DocumentFilter = None,
    region: RegionFilter = None,
    state: Annotated[DutyStateFilter | None, Query(description="Those in this state alone.")] = None,
    overdue: Annotated[bool | None, Query(description="Whether the last day has passed unmet.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Which documents are to be interpreted and by when, newest document first.

    Duties are public as soon as their document is. Staff of the region see those of prepared documents, too.
    """
    staff = await _staff(request)
    today = clock.local_date(clock.now())
    scope = f"duties|{document}|{region}|{state}|{overdue}"
    rows = await queries.duties(
        database.reads,
        document=document,
        region=region,
        state=state,
        overdue=overdue,
        today=today,
        staff=staff,
        before=_last(request, cursor, scope),
        limit=limit + 1,
    )
    following = _next(request, rows, limit, "document", scope)
    page = DutyPage(items=[DutyView.of(row, today) for row in rows[:limit]], next=following)
    return _listing(request, page, following, staff)


@router.get("/interpretations", response_model=InterpretationPage)
async def list_interpretations(
    request: Request,
    database: Reads,
    document: DocumentFilter = None,
    region: RegionFilter = None,
    state: Annotated[StateFilter | None, Query(description="For staff: those in this state alone.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """Interpretations, last begun first: the public ones; for staff all of their region and organisation."""
    staff = await _staff(request)
    scope = f"interpretations|{document}|{region}|{state}"
    rows = await queries.interpretations(
        database.reads,
        document=document,
        region=region,
        state=state,
        staff=staff,
        before=_last(request, cursor, scope),
        limit=limit + 1,
    )
    following = _next(request, rows, limit, "id", scope)
    cards = [InterpretationCard(**row, path=page_path(row["id"])) for row in rows[:limit]]
    return _listing(request, InterpretationPage(items=cards, next=following), following, staff)


@router.get("/interpretations/{interpretation_id}", response_model=PublicInterpretation | InterpretationWork)
async def read_interpretation(interpretation_id: UUID, request: Request, database: Reads) -> Response:
    """The page data of a public interpretation; 410 when it was withdrawn.

    Staff of its region and organisation get it whole in any state, with the ETag that `If-Match` asks for.
    """
    row = await queries.interpretation(database.reads, interpretation_id)
    if row is None:
        raise NotFound
    if await _works_on(request, row):
        body = InterpretationWork.read(row).model_dump_json().encode()
        return _private(body, {"ETag": etag(row["version"])})
    if row["state"] == State.PUBLISHED:
        return public(request, PublicInterpretation.of(row).model_dump_json().encode(), _VARY)
    # What was withdrawn before anybody could see it was never here.
    if row["state"] == State.WITHDRAWN and row["published_at"] is not None:
        raise Gone(row["reason"], withdrawn_at=row["withdrawn_at"])
    raise NotFound


# The same address answers the public and staff differently; caches must keep the two apart.
_VARY = {"Vary": "Authorization"}


async def _staff(request: Request) -> Actor | None:
    """The caller, if what is in work may be shown to them within their region and organisation."""
    actor = await authenticate(request)
    if actor is None:
        return None
    verdict = decide(
        rules.GRANTS,
        actor,
        "policy_interpretation.read_work",
        region=actor.region,
        organisations=(),
        state=None,
    )
    return actor if verdict is Verdict.ALLOWED else None


async def _works_on(request: Request, row: asyncpg.Record) -> bool:
    actor = await authenticate(request)
    if actor is None:
        return False
    verdict = decide(
        rules.GRANTS,
        actor,
        "policy_interpretation.read_work",
        region=row["region"],
        organisations=row["organisation_path"],
        state=row["state"],
    )
    return verdict is Verdict.ALLOWED


def _last(request: Request, cursor: str | None, scope: str) -> UUID | None:
    if cursor is None:
        return None
    cursors: Cursors = request.app.state.cursors
    return UUID(str(cursors.read(cursor, scope)[0]))


def _next(request: Request, rows: Sequence[asyncpg.Record], limit: int, key: str, scope: str) -> str | None:
    if len(rows) <= limit:
        return None
    cursors: Cursors = request.app.state.cursors
    return cursors.sign((str(rows[limit - 1][key]),), scope)


def _listing(request: Request, page: BaseModel, following: str | None, staff: Actor | None) -> Response:
    link = {"Link": next_link(request.url.path, dict(request.query_params), following)} if following else {}
    body = page.model_dump_json().encode()
    return _private(body, link) if staff else public(request, body, {**link, **_VARY})


def _private(body: bytes, headers: dict[str, str]) -> Response:
    shared = {"Cache-Control": "private, no-store", **_VARY}
    return Response(body, headers={**shared, **headers}, media_type="application/json")
