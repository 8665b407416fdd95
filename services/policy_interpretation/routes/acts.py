"""The acts on interpretations."""

from uuid import UUID

from fastapi import APIRouter, Response

from libs.common import clock
from libs.common.http import Act, SeenVersion, Session, Staff, etag
from services.policy_interpretation.commands import draft, release, review
from services.policy_interpretation.commands.working import page_path
from services.policy_interpretation.routes.models import DraftBody, InterpretationWork, ReasonBody, TextBody
from services.policy_interpretation.tables import Interpretation

router = APIRouter(route_class=Act, tags=["acts"])


@router.post("/interpretations", status_code=201)
async def draft_interpretation(
    body: DraftBody, session: Session, actor: Staff, response: Response
) -> InterpretationWork:
    """Begin an interpretation of a document that is prepared or live (editor)."""
    row = await draft.create(session, body.document, body.text(), actor, clock.now())
    response.headers["Location"] = page_path(row.id)
    return _answer(row, response)


@router.put("/interpretations/{interpretation_id}")
async def replace_interpretation(
    interpretation_id: UUID,
    body: TextBody,
    session: Session,
    actor: Staff,
    seen: SeenVersion,
    response: Response,
) -> InterpretationWork:
    """Replace the text of a draft (editor). Its document does not change."""
    row = await draft.replace(session, interpretation_id, seen, body.text(), actor, clock.now())
    return _answer(row, response)


@router.post("/interpretations/{interpretation_id}/approve")
async def approve_interpretation(
    interpretation_id: UUID, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> InterpretationWork:
    """Sign a draft (reviewer; nobody who worked on the text).

    `state` then is `ready` while the document is not live yet: it becomes public with the document. It is
    `approved` when the document is live: release it.
    """
    return _answer(await review.approve(session, interpretation_id, seen, actor, clock.now()), response)


@router.post("/interpretations/{interpretation_id}/return")
async def return_interpretation(
    interpretation_id: UUID,
    body: ReasonBody,
    session: Session,
    actor: Staff,
    seen: SeenVersion,
    response: Response,
) -> InterpretationWork:
    """Send an approved or ready interpretation back to its drafter (reviewer)."""
    row = await review.send_back(session, interpretation_id, seen, body.reason, actor, clock.now())
    return _answer(row, response)


@router.post("/interpretations/{interpretation_id}/release")
async def release_interpretation(
    interpretation_id: UUID, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> InterpretationWork:
    """Make an approved interpretation public (editor or reviewer); the duty of its live document is met."""
    return _answer(await release.release(session, interpretation_id, seen, actor, clock.now()), response)


@router.post("/interpretations/{interpretation_id}/withdraw")
async def withdraw_interpretation(
    interpretation_id: UUID,
    body: ReasonBody,
    session: Session,
    actor: Staff,
    seen: SeenVersion,
    response: Response,
) -> InterpretationWork:
    """Take a public interpretation down (reviewer); when no other is public, the duty is open again."""
    row = await release.withdraw(session, interpretation_id, seen, body.reason, actor, clock.now())
    return _answer(row, response)


def _answer(row: Interpretation, response: Response) -> InterpretationWork:
    response.headers["ETag"] = etag(row.version)
    return InterpretationWork.of(row)
