"""Publishing: an approved edition goes live, and with it, in one commit, whatever waited for it."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import listing
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
    await listing.place(session, ListingEntry, ListingNamed, await _entry(session, document, edition))
    await emit(session, _published(document, edition, now))
    return document


def page_path(content_id: UUID) -> str:
    """Path of a document's public page data."""
    return f"/publication/documents/{content_id}"


async def _entry(session: AsyncSession, document: Document, edition: Edition) -> listing.Entry:
    names = sa.select(
        sa.select(Organisation.name).where(Organisation.code == document.organisation).scalar_subquery(),
        sa.select(Region.name).where(Region.code == document.region).scalar_subquery(),
    )
    organisation_name, region_name = (await session.execute(names)).one()
    assert document.first_published_at is not None
    card = {
        "kind": "document",
        "id": document.content_id,
        "title": edition.title,
        "region": document.region,
        "region_name": region_name,
        "organisation": document.organisation,
        "organisation_name": organisation_name,
        "index_number": document.index_number,
        "doc_number": edition.doc_number,
        "catalog_item": edition.catalog_item,
        "field": edition.field,
        "theme": edition.theme,
        "genre": edition.genre,
        "column": edition.column,
        "summary": edition.summary,
        "written_on": edition.written_on,
        "published_at": document.first_published_at,
        "path": page_path(document.content_id),
    }
    return listing.Entry(
        id=document.content_id,
        kind="document",
        region=document.region,
        reach=Reach.model_validate(edition.reach),
        field=edition.field,
        item=edition.catalog_item,
        theme=edition.theme,
        column=edition.column,
        # A correction does not push a document up the listing again.
        published_at=document.first_published_at,
        version=document.version,
        card=card,
    )


def _published(document: Document, edition: Edition, now: datetime) -> DocumentPublished:
    assert document.first_published_at is not None
    return DocumentPublished(
        version=document.version,
        at=now,
        document=document.content_id,
        region=document.region,
        organisation=document.organisation,
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
