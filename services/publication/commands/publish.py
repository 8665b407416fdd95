"""Publishing: an approved edition goes live, and with it, in one commit, whatever waited for it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import listing
from libs.common.db import driver_of
from libs.common.events import DocumentPublished, Reach
from libs.common.outbox import emit
from libs.common.permission import Actor
from services.publication import rules
from services.publication.commands.working import conclude, lock_in_work
from services.publication.projections import entry
from services.publication.tables import Document, Edition

_MAKE_ROOM = """
with superseded as (update edition set state = 'superseded' where content_id = $1 and state = 'live'
                    returning catalog_item),
     shown as (update linked_interpretation set shown = true where document = $1 and not shown)
select (select name from region where code = $2) as region_name,
       (select name from organisation where code = $3) as organisation_name,
       (select retired_on from item where code = $4) as retired_on, (select heirs from item where code = $4) as heirs,
       (select catalog_item from superseded) as live_item
"""

_GO_LIVE = """
with live as (update edition set state = 'live', published_by = $3, published_at = $4, changed_at = $4
              where content_id = $1 and number = $2)
update document set version = $5, first_published_at = $6 where content_id = $1
"""


async def publish(session: AsyncSession, content_id: UUID, seen: int, actor: Actor, now: datetime) -> Document:
    """Make the approved edition the live one, list it, show its ready interpretations, and say so.

    Raises NotProactive, and ItemRetired when a revision of the catalog came between.
    """
    document, edition = await lock_in_work(session, content_id, seen, actor, "publication.publish")
    rules.check_publishable(edition.disclosure)
    driver = driver_of(session)
    # The old edition leaves before the new one comes: the database holds at most one live edition.
    of = (document.region, document.organisation, edition.catalog_item)
    found = await driver.fetchrow(_MAKE_ROOM, content_id, *of)
    assert found is not None
    rules.check_item(edition.catalog_item, found["retired_on"], found["heirs"], found["live_item"])
    edition.state = rules.LIVE
    edition.published_by = actor.subject
    edition.published_at = now
    document.first_published_at = document.first_published_at or now
    await conclude(session, document, edition, actor, "publication.publish", now)
    live = (actor.subject, now, document.version, document.first_published_at)
    await driver.execute(_GO_LIVE, content_id, edition.number, *live)
    event = _published(document, edition, found["region_name"], found["organisation_name"], now)
    await listing.place(session, entry(event))
    await emit(session, event)
    return document


def page_path(content_id: UUID) -> str:
    """Path of a document's public page data."""
    return f"/publication/documents/{content_id}"


def _published(
    document: Document, edition: Edition, region_name: str, organisation_name: str, now: datetime
) -> DocumentPublished:
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
