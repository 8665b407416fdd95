"""What publication keeps of other services' news: names and items to refer to, and what its pages and listings show."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import listing
from libs.common.copies import keep
from libs.common.db import soon
from libs.common.events import (
    InterpretationPublished,
    InterpretationReady,
    InterpretationWithdrawn,
    ItemChanged,
    NoticePublished,
    NoticeWithdrawn,
    OrganisationChanged,
    RegionChanged,
    ResponsePublished,
    TemplateChanged,
)
from libs.common.regions import Level
from services.publication import tables
from services.publication.projections import entry
from services.publication.tables import LinkedInterpretation, LinkedResponse


async def on_region_changed(session: AsyncSession, event: RegionChanged) -> None:
    """Keep the region. A province is none of ours: the catalog has nothing for it to publish here."""
    if event.level != Level.province:
        await keep(session, tables.Region, code=event.code, name=event.name, level=event.level)


async def on_organisation_changed(session: AsyncSession, event: OrganisationChanged) -> None:
    """Keep the organisation."""
    kept = event.model_dump(include={"code", "name", "uscc", "region", "path"})
    await keep(session, tables.Organisation, **kept)


async def on_item_changed(session: AsyncSession, event: ItemChanged) -> None:
    """Keep the disclosure item, also a retired one: what is public under it stays there."""
    kept = {name: getattr(event, name) for name in ("code", "field", "retired_on", "heirs", "region")}
    await keep(session, tables.Item, name=event.level3_item or event.level2_item, **kept)


async def on_template_changed(session: AsyncSession, event: TemplateChanged) -> None:
    """Keep the newest template: what is submitted from now on must fit it."""
    fields = event.model_dump(mode="json")["fields"]
    await keep(session, tables.Template, id=event.template, version=event.version, fields=fields)


async def on_interpretation_ready(session: AsyncSession, event: InterpretationReady) -> None:
    """Keep an approved interpretation out of sight until its document goes live."""
    await _link(session, event, shown=False)


async def on_interpretation_published(session: AsyncSession, event: InterpretationPublished) -> None:
    """Show an interpretation on its document's page."""
    await _link(session, event, shown=True)


async def on_interpretation_withdrawn(session: AsyncSession, event: InterpretationWithdrawn) -> None:
    """Take an interpretation off the page; the inbox keeps its tombstone."""
    await soon(session, "delete from linked_interpretation where id = $1", event.interpretation)


async def on_response_published(session: AsyncSession, event: ResponsePublished) -> None:
    """Show the public replies on the document's page."""
    replies = event.model_dump(mode="json")["replies"]
    await keep(session, LinkedResponse, document=event.document, replies=replies)


async def on_notice_published(session: AsyncSession, event: NoticePublished) -> None:
    """List a village notice in its village, and below its town and county."""
    await listing.place(session, entry(event))


async def on_notice_withdrawn(session: AsyncSession, event: NoticeWithdrawn) -> None:
    """Take a village notice out of every listing."""
    await listing.displace(session, event.notice)


async def _link(session: AsyncSession, event: InterpretationReady | InterpretationPublished, *, shown: bool) -> None:
    shows = {"title", "form", "summary", "body_html", "sections", "path", "organisation", "at"}
    content = event.model_dump(mode="json", include=shows)
    await keep(
        session,
        LinkedInterpretation,
        id=event.interpretation,
        document=event.document,
        shown=shown,
        content=content,
    )
