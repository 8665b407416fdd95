"""The pages of notices: the public one, and the same address and a work list for those who handle them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from libs.common.auth import authenticate
from libs.common.errors import Gone, NotFound
from libs.common.http import Act, Reads, Staff, etag, public
from libs.common.paging import Cursors, next_link
from libs.common.permission import Actor, Verdict, decide, permit
from libs.common.regions import RegionCode
from services.village_affairs import queries, rules
from services.village_affairs.routes.boards import Cursor, Limit
from services.village_affairs.routes.models import NoticePage, NoticeView, State, Work

router = APIRouter(route_class=Act, tags=["notices"])

Caller = Annotated[Actor | None, Depends(authenticate)]
_PRIVATE = {"Cache-Control": "no-store"}
# One address answers citizens and staff: a shared cache must keep the answers apart.
_VARY = {"Vary": "Authorization"}


@router.get(
    "/notices/{notice_id}",
    response_model=NoticePage | NoticeView,
    responses={410: {"description": "Withdrawn; `reason` and `withdrawn_at` say why and since when."}},
    summary="Read a notice",
)
async def notice(request: Request, database: Reads, caller: Caller, notice_id: UUID) -> Response:
    """The public page of a live notice. Those who handle the village's notices get every state, with ETag."""
    row = await database.reads.fetchrow(queries.NOTICE, notice_id)
    if row is None:
        raise NotFound
    if caller is not None and _may_read_work(caller, row["village"]):
        body = NoticeView.model_validate(dict(row)).model_dump_json().encode()
        headers = {"ETag": etag(row["version"]), **_PRIVATE, **_VARY}
        return Response(body, headers=headers, media_type="application/json")
    if row["state"] == rules.WITHDRAWN:
        raise Gone(reason=row["reason"], withdrawn_at=row["withdrawn_at"])
    if row["state"] != rules.LIVE:
        raise NotFound
    page = NoticePage.model_validate(dict(row))
    return public(request, page.model_dump_json().encode(), _VARY)


@router.get("/villages/{code}/notices", summary="List the notices that a village works on")
async def work(
    request: Request,
    response: Response,
    database: Reads,
    actor: Staff,
    code: RegionCode,
    state: Annotated[State | None, Query(description="Only notices in this state.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Work:
    """The work list of the clerk, the supervision committee and the joint meeting, newest first."""
    permit(rules.GRANTS, actor, "village_affairs.read_work", region=code)
    cursors: Cursors = request.app.state.cursors
    scope = f"work|{code}|{state}"
    before = UUID(str(cursors.read(cursor, scope)[0])) if cursor is not None else None
    rows = await database.reads.fetch(queries.WORK, code, state, before, limit + 1)
    more = cursors.sign((str(rows[limit - 1]["id"]),), scope) if len(rows) > limit else None
    response.headers.update(_PRIVATE)
    if more:
        response.headers["Link"] = next_link(request.url.path, request.query_params, more)
    return Work(items=[NoticeView.model_validate(dict(row)) for row in rows[:limit]], next=more)


def _may_read_work(actor: Actor, village: str) -> bool:
    question = (rules.GRANTS, actor, "village_affairs.read_work")
    return decide(*question, region=village, organisations=(), state=None) is Verdict.ALLOWED
