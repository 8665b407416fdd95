"""Review: approve and return (先审查后公开,《政府信息公开条例》 art. 17)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.outbox import emit
from libs.common.permission import Actor
from services.policy_interpretation import rules
from services.policy_interpretation.commands.working import conclude, ready_event, take, withdrawn_event
from services.policy_interpretation.rules import State, Text
from services.policy_interpretation.tables import Interpretation


async def approve(
    session: AsyncSession, interpretation_id: UUID, seen: int, actor: Actor, now: datetime
) -> Interpretation:
    """Sign a draft, by other hands than wrote it.

    Before its document is live it becomes `ready`, which publication must know: it shows both in one commit.
    Raises SameHands, PersonalDataFound, and DocumentNotLive when the document is withdrawn.
    """
    document, interpretation = await take(session, interpretation_id, seen, actor, "policy_interpretation.approve")
    rules.check_approver(actor.subject, interpretation.drafted_by)
    state = rules.state_after_approval(document.state)
    rules.check_personal_data(_text(interpretation))
    interpretation.state = state
    interpretation.approved_by = actor.subject
    interpretation.approved_at = now
    await conclude(session, interpretation, actor, "policy_interpretation.approve", now)
    if state is State.READY:
        await emit(session, ready_event(interpretation, now))
    return interpretation


async def send_back(
    session: AsyncSession, interpretation_id: UUID, seen: int, reason: str, actor: Actor, now: datetime
) -> Interpretation:
    """Return an approved interpretation to its drafter; a `ready` one must no longer come with its document."""
    _, interpretation = await take(session, interpretation_id, seen, actor, "policy_interpretation.return")
    was_ready = interpretation.state == State.READY
    interpretation.state = State.DRAFT
    interpretation.approved_by = None
    interpretation.approved_at = None
    interpretation.reason = reason
    await conclude(session, interpretation, actor, "policy_interpretation.return", now, reason)
    if was_ready:
        await emit(session, withdrawn_event(interpretation, now))
    return interpretation


def _text(interpretation: Interpretation) -> Text:
    return Text(interpretation.title, interpretation.form, interpretation.body_html, interpretation.sections)
