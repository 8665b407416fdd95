"""The acts on a notice, one address each, in the order of 《山东省村务公开条例》 art. 11."""

from uuid import UUID

from fastapi import APIRouter, Response

from libs.common.clock import now
from libs.common.http import Act, SeenVersion, Session, Staff, etag
from services.village_affairs import commands
from services.village_affairs.queries import notice_path
from services.village_affairs.routes.models import (
    ContentBody,
    DecisionBody,
    DraftBody,
    NoticeView,
    OpinionBody,
    ReasonBody,
)
from services.village_affairs.tables import Notice

router = APIRouter(route_class=Act, tags=["acts"])


@router.post("/notices", status_code=201, summary="Draft a notice")
async def draft(body: DraftBody, session: Session, actor: Staff, response: Response) -> NoticeView:
    """The clerk begins a notice of the village."""
    notice = await commands.draft(session, body.village, body.content(), actor, now())
    response.headers["Location"] = notice_path(notice.id)
    return _answer(notice, response)


@router.put("/notices/{notice_id}", summary="Replace what a draft says")
async def edit(
    notice_id: UUID, body: ContentBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> NoticeView:
    """The clerk replaces the whole content; only while it is a draft."""
    return _answer(await commands.edit(session, notice_id, seen, body.content(), actor), response)


@router.post("/notices/{notice_id}/submit", summary="Hand to the supervision committee")
async def submit(notice_id: UUID, session: Session, actor: Staff, seen: SeenVersion, response: Response) -> NoticeView:
    """The clerk hands the draft over. Refused while its text holds identity, mobile or bank card numbers."""
    return _answer(await commands.submit(session, notice_id, seen, actor), response)


@router.post("/notices/{notice_id}/supervise", summary="Give the supervision committee's opinion")
async def supervise(
    notice_id: UUID, body: OpinionBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> NoticeView:
    """The supervision committee (村务监督委员会) has reviewed the notice; nobody reviews their own draft."""
    return _answer(await commands.supervise(session, notice_id, seen, body.opinion, actor), response)


@router.post("/notices/{notice_id}/decide", summary="Enter the joint meeting's decision")
async def decide(
    notice_id: UUID, body: DecisionBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> NoticeView:
    """The joint meeting of party branch and village committee decided to publish; never on an own draft."""
    return _answer(await commands.decide(session, notice_id, seen, body.minutes_on, actor, now()), response)


@router.post("/notices/{notice_id}/return", summary="Return to the drafter")
async def send_back(
    notice_id: UUID, body: ReasonBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> NoticeView:
    """The supervision committee or the joint meeting sends the notice back; opinion and decision lapse."""
    return _answer(await commands.send_back(session, notice_id, seen, body.reason, actor), response)


@router.post("/notices/{notice_id}/publish", summary="Publish on the village board")
async def publish(notice_id: UUID, session: Session, actor: Staff, seen: SeenVersion, response: Response) -> NoticeView:
    """The clerk puts the decided notice on the board, for at least five days (art. 13)."""
    return _answer(await commands.publish(session, notice_id, seen, actor, now()), response)


@router.post("/notices/{notice_id}/withdraw", summary="Withdraw from the village board")
async def withdraw(
    notice_id: UUID, body: ReasonBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> NoticeView:
    """The clerk takes the notice down; its page answers 410 with the reason. It cannot be published again."""
    return _answer(await commands.withdraw(session, notice_id, seen, body.reason, actor, now()), response)


def _answer(notice: Notice, response: Response) -> NoticeView:
    response.headers["ETag"] = etag(notice.version)
    return NoticeView.model_validate(notice)
