"""Withdrawal: a live document leaves the public, always with a kind and a reason, and leaves a tombstone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import listing
from libs.common.errors import UnknownReference
from libs.common.events import DocumentWithdrawn, Reach
from libs.common.outbox import emit
from libs.common.permission import Actor
from services.publication import rules
from services.publication.commands.working import conclude, lock
from services.publication.tables import Document, Edition


@dataclass(frozen=True)
class Withdrawal:
    """How a document is withdrawn: its page stays with a notice, answers that it is gone, or leads elsewhere."""

    kind: Literal["notice", "gone", "redirect"]
    reason: str
    notice: str | None = None
    redirect_to: UUID | None = None


async def withdraw(
    session: AsyncSession, content_id: UUID, seen: int, how: Withdrawal, actor: Actor, now: datetime
) -> Document:
    """Take the live edition out of every listing and say so. There is no way back: a new document is drafted."""
    document, edition = await lock(session, content_id, seen, actor, "publication.withdraw", [rules.LIVE])
    if how.kind == "redirect":
        await _check_target(session, content_id, how.redirect_to)
    edition.state = rules.WITHDRAWN
    document.withdrawal = how.kind
    document.withdrawn_at = now
    document.withdrawn_reason = how.reason
    document.withdrawn_notice = how.notice
    document.redirect_to = how.redirect_to
    await conclude(session, document, edition, actor, "publication.withdraw", now, how.reason)
    await listing.displace(session, content_id)
    await emit(
        session,
        DocumentWithdrawn(
            version=document.version,
            at=now,
            document=content_id,
            region=document.region,
            organisation=document.organisation,
            organisation_path=document.organisation_path,
            title=edition.title,
            index_number=document.index_number,
            catalog_item=edition.catalog_item,
            withdrawal=how.kind,
            reason=how.reason,
            redirect_to=how.redirect_to,
            reach=Reach.model_validate(edition.reach),
        ),
    )
    return document


async def _check_target(session: AsyncSession, content_id: UUID, target: UUID | None) -> None:
    """A redirect leads to another live document: never to itself, into nothing, or to a further redirect."""
    live = sa.select(Edition.number).where(Edition.content_id == target, Edition.state == rules.LIVE)
    if target == content_id or (await session.execute(live.with_for_update())).first() is None:
        raise UnknownReference("跳转的目标应是另一份已公开的文件。", field="body.redirect_to")
