"""Review: submit, approve, return (先审查后公开, 条例 art. 17)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import html
from libs.common.events import DocumentPrepared
from libs.common.outbox import emit
from libs.common.permission import Actor
from services.publication import rules
from services.publication.commands.working import check_item, conclude, lock
from services.publication.tables import Document, Item


async def submit(session: AsyncSession, content_id: UUID, seen: int, actor: Actor, now: datetime) -> Document:
    """Hand the draft in for review. One that must be interpreted says so now: 三同步 (domain 5.1)."""
    document, edition = await lock(session, content_id, seen, actor, "publication.submit", rules.IN_WORK)
    await check_item(session, await session.get(Item, edition.catalog_item), content_id)
    await session.refresh(edition, ["body_html"])
    rules.check_personal_data([("body.title", edition.title), ("body.body_html", html.text_of(edition.body_html))])
    edition.state = rules.SUBMITTED
    edition.submitted_by = actor.subject
    await conclude(session, document, edition, actor, "publication.submit", now)
    if edition.interpretation_required and document.first_published_at is None:
        await emit(
            session,
            DocumentPrepared(
                version=document.version,
                at=now,
                document=content_id,
                region=document.region,
                organisation=document.organisation,
                organisation_path=document.organisation_path,
                title=edition.title,
                doc_number=edition.doc_number,
            ),
        )
    return document


async def approve(session: AsyncSession, content_id: UUID, seen: int, actor: Actor, now: datetime) -> Document:
    """Sign the submitted draft; by other hands than those that drafted it."""
    document, edition = await lock(session, content_id, seen, actor, "publication.approve", rules.IN_WORK)
    rules.check_approver(actor.subject, edition.drafted_by, edition.submitted_by)
    edition.state = rules.APPROVED
    edition.approved_by = actor.subject
    await conclude(session, document, edition, actor, "publication.approve", now)
    return document


async def send_back(
    session: AsyncSession, content_id: UUID, seen: int, reason: str, actor: Actor, now: datetime
) -> Document:
    """Return the draft to its drafter with a reason."""
    document, edition = await lock(session, content_id, seen, actor, "publication.return", rules.IN_WORK)
    edition.state = rules.DRAFT
    edition.returned_reason = reason
    edition.submitted_by = edition.approved_by = None
    await conclude(session, document, edition, actor, "publication.return", now, reason)
    return document
