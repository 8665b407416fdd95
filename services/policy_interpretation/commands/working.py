"""How every act on an interpretation begins and ends, and how the row speaks."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.audit import record
from libs.common.errors import NotFound, StaleVersion
from libs.common.events import InterpretationPublished, InterpretationReady, InterpretationWithdrawn
from libs.common.permission import Actor, permit
from services.policy_interpretation import rules
from services.policy_interpretation.tables import Document, Interpretation

# NO KEY UPDATE: one act at a time on what hangs on a document, without blocking inserts that refer to it.
LOCK_DOCUMENT = {"key_share": True}


async def take(
    session: AsyncSession, interpretation_id: UUID, seen: int, actor: Actor, action: str
) -> tuple[Document, Interpretation]:
    """Lock an interpretation behind its document, for an act that `actor` may do and that saw its version.

    Raises NotFound, Forbidden, WrongState and StaleVersion, in this order.
    """
    owner = sa.select(Document).join(Interpretation, Interpretation.document == Document.content_id)
    document = await session.scalar(
        owner.where(Interpretation.id == interpretation_id).with_for_update(of=Document, key_share=True)
    )
    if document is None:
        raise NotFound
    interpretation = await session.get_one(Interpretation, interpretation_id, with_for_update=True)
    permit(
        rules.GRANTS,
        actor,
        action,
        region=interpretation.region,
        organisations=interpretation.organisation_path,
        state=interpretation.state,
    )
    if interpretation.version != seen:
        raise StaleVersion(version=interpretation.version)
    return document, interpretation


async def conclude(
    session: AsyncSession,
    interpretation: Interpretation,
    actor: Actor | None,
    action: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Give the interpretation its next version and write the act into the audit.

    `actor` None: the act follows from that of its document.
    """
    interpretation.version += 1
    interpretation.changed_at = now
    await record(
        session,
        actor,
        action,
        str(interpretation.id),
        region=interpretation.region,
        version=interpretation.version,
        reason=reason,
        document=str(interpretation.document),
        state=str(interpretation.state),
    )


def page_path(interpretation_id: UUID) -> str:
    """Path of an interpretation's own page data."""
    return f"/policy-interpretation/interpretations/{interpretation_id}"


def ready_event(interpretation: Interpretation, now: datetime) -> InterpretationReady:
    """That it is approved and waits for its document."""
    return InterpretationReady(**_identity(interpretation, now), **_text(interpretation))


def published_event(interpretation: Interpretation, now: datetime) -> InterpretationPublished:
    """That it is public."""
    return InterpretationPublished(**_identity(interpretation, now), **_text(interpretation))


def withdrawn_event(interpretation: Interpretation, now: datetime) -> InterpretationWithdrawn:
    """That it is not to be shown any more, or not to appear with its document."""
    return InterpretationWithdrawn(**_identity(interpretation, now), reason=interpretation.reason or "")


def _identity(interpretation: Interpretation, now: datetime) -> dict[str, Any]:
    return {
        "version": interpretation.version,
        "at": now,
        "interpretation": interpretation.id,
        "document": interpretation.document,
        "region": interpretation.region,
        "organisation": interpretation.organisation,
    }


def _text(interpretation: Interpretation) -> dict[str, Any]:
    return {
        "title": interpretation.title,
        "form": interpretation.form,
        "summary": interpretation.summary,
        "body_html": interpretation.body_html,
        "sections": interpretation.sections,
        "path": page_path(interpretation.id),
    }
