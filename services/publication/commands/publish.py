"""Publishing: an approved edition goes live, and with it, in one commit, whatever waited for it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import listing
from libs.common.cards import document_entry
from libs.common.events import DocumentPublished, Reach
from libs.common.outbox import emit
from libs.common.permission import Actor
from services.publication import rules
from services.publication.commands.working import conclude, lock
from services.publication.tables import (
    Document,
    Edition,
    LinkedInterpretation,
    ListingEntry,
    ListingNamed,
    Organisation,
    Region,
)


async def publish(session: AsyncSession, content_id: UUID, seen: int, actor: Actor, now: datetime) -> Document:
    """Make the approved edition the live one, list it, show its ready interpretations, and say so."""
    document, edition = await lock(session, content_id, seen, actor, "publication.publish", rules.IN_WORK)
    rules.check_publishable(edition.disclosure)
    live = sa.update(Edition).where(Edition.content_id == content_id, Edition.state == rules.LIVE)
    await session.execute(live.values(state=rules.SUPERSEDED).execution_options(synchronize_session=False))
    edition.state = rules.LIVE
    edition.published_by = actor.subject
    edition.published_at = now
    document.first_published_at = document.first_published_at or now
    await conclude(session, document, edition, actor, "publication.publish", now)
    ready = sa.update(LinkedInterpretation).where(LinkedInterpretation.document == content_id)
    await session.execute(ready.values(shown=True).execution_options(synchronize_session=False))
    event = await _published(session, document, edition, now)
    await listing.place(session, ListingEntry, ListingNamed, document_entry(event, event.reach))
    await emit(session, event)
    return document


def page_path(content_id: UUID) -> str:
    """Path of a document's public page data."""
    return f"/publication/documents/{content_id}"


async def _published(session: AsyncSession, document: Document, edition: Edition, now: datetime) -> DocumentPublished:
    names = sa.select(
        sa.select(Region.name).where(Region.code == document.region).scalar_subquery(),
        sa.select(Organisation.name).where(Organisation.code == document.organisation).scalar_subquery(),
    )
    region_name, organisation_name = (await session.execute(names)).one()
    assert document.first_published_at is not None
    return DocumentPublished(
        version=document.version,
        at=now,
        document=document.content_id,
        region=document.region,
        region_name=region_name,
        organisation=document.organisation,
        organisation_name=organisation_name,
        organisation_path=document.organisation_path,
        title=edition.title,
        edition=edition.number,
        index_number=document.index_number,
        doc_number=edition.doc_number,
        catalog_item=edition.catalog_item,
        field=edition.field,
        theme=edition.theme,
        genre=edition.genre,
        column=edition.column,
        keywords=edition.keywords,
        summary=edition.summary,
        body_sha256=edition.body_sha256,
        path=page_path(document.content_id),
        written_on=edition.written_on,
        effective_on=edition.effective_on,
        expires_on=edition.expires_on,
        first_published_at=document.first_published_at,
        published_at=now,
        reach=Reach.model_validate(edition.reach),
        interpretation_required=edition.interpretation_required,
    )
