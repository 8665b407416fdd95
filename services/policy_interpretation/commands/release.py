"""Release and withdrawal of an interpretation: by hand, or with its document."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.outbox import emit
from libs.common.permission import Actor
from services.policy_interpretation import rules
from services.policy_interpretation.commands import duty
from services.policy_interpretation.commands.working import conclude, published_event, take, withdrawn_event
from services.policy_interpretation.rules import State
from services.policy_interpretation.tables import Document, Interpretation


async def release(
    session: AsyncSession, interpretation_id: UUID, seen: int, actor: Actor, now: datetime
) -> Interpretation:
    """Make an approved interpretation public; the duty is discharged.

    Raises DocumentNotLive unless the document is public itself.
    """
    document, interpretation = await take(session, interpretation_id, seen, actor, "policy_interpretation.release")
    rules.check_live(document.state)
    await _publish(session, interpretation, actor, now)
    await duty.settle(session, document, now)
    await emit(session, published_event(interpretation, now))
    return interpretation


async def withdraw(
    session: AsyncSession, interpretation_id: UUID, seen: int, reason: str, actor: Actor, now: datetime
) -> Interpretation:
    """Take a public interpretation down. When no other is public, its document must be interpreted again."""
    document, interpretation = await take(session, interpretation_id, seen, actor, "policy_interpretation.withdraw")
    await _withdraw(session, interpretation, actor, now, reason)
    await duty.settle(session, document, now)
    await emit(session, withdrawn_event(interpretation, now))
    return interpretation


async def release_with_document(session: AsyncSession, document: Document, now: datetime) -> None:
    """Make everything public that waited for `document`; one event for each (三同步)."""
    for interpretation in await _of(session, document, State.READY):
        await _publish(session, interpretation, None, now)
        await emit(session, published_event(interpretation, now))


async def withdraw_with_document(session: AsyncSession, document: Document, reason: str, now: datetime) -> None:
    """Take down what is public of a withdrawn document, and what waited for it; one event for each."""
    for interpretation in await _of(session, document, State.PUBLISHED, State.READY):
        await _withdraw(session, interpretation, None, now, f"所解读的文件已经撤下:{reason}")
        await emit(session, withdrawn_event(interpretation, now))


async def _of(session: AsyncSession, document: Document, *states: State) -> Sequence[Interpretation]:
    waiting = sa.select(Interpretation).where(
        Interpretation.document == document.content_id, Interpretation.state.in_(states)
    )
    return (await session.scalars(waiting.order_by(Interpretation.id).with_for_update())).all()


async def _publish(session: AsyncSession, interpretation: Interpretation, actor: Actor | None, now: datetime) -> None:
    interpretation.state = State.PUBLISHED
    interpretation.published_at = now
    await conclude(session, interpretation, actor, "policy_interpretation.release", now)


async def _withdraw(
    session: AsyncSession, interpretation: Interpretation, actor: Actor | None, now: datetime, reason: str
) -> None:
    interpretation.state = State.WITHDRAWN
    interpretation.withdrawn_at = now
    interpretation.reason = reason
    await conclude(session, interpretation, actor, "policy_interpretation.withdraw", now, reason)
