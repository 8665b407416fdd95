"""What village_affairs hears: the catalog's villages and items, and documents that come to or leave boards.

The inbox calls a listener once per event and never with older news, so each one writes the newest state and
needs no earlier event to have come.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import regions
from libs.common.clock import now
from libs.common.copies import keep
from libs.common.events import (
    DocumentPublished,
    DocumentWithdrawn,
    ItemChanged,
    ListingSynced,
    RegionChanged,
)
from libs.common.listing import displace, place
from libs.common.outbox import emit
from services.village_affairs import rules
from services.village_affairs.projections import entry
from services.village_affairs.tables import Item, Village


async def on_region_changed(session: AsyncSession, event: RegionChanged) -> None:
    """Keep the villages."""
    if event.level == regions.Level.village:
        # The code of a village tells its town and county, also where a level is skipped.
        above = {"town": regions.town(event.code), "county": regions.county(event.code)}
        await keep(session, Village, code=event.code, name=event.name, **above)


async def on_item_changed(session: AsyncSession, event: ItemChanged) -> None:
    """Keep which field an item belongs to, and whether it is in force."""
    kept = ("code", "field", "retired_on", "heirs", "region")
    await keep(session, Item, **{name: getattr(event, name) for name in kept})


async def on_document_published(session: AsyncSession, event: DocumentPublished) -> None:
    """Put a document that reaches villages on their boards; take it off when this edition reaches none."""
    on_boards = entry(event)
    if on_boards is not None:
        await place(session, on_boards)
    elif not await displace(session, event.document):
        return
    await _say_synced(session, event, on_boards is not None)


async def on_document_withdrawn(session: AsyncSession, event: DocumentWithdrawn) -> None:
    """Take a document off the boards. Also said of one that never came: publication waits for the word."""
    was_listed = await displace(session, event.document)
    if was_listed or rules.reaches_villages(event.region, event.reach):
        await _say_synced(session, event, False)


async def _say_synced(session: AsyncSession, event: DocumentPublished | DocumentWithdrawn, listed: bool) -> None:
    """Say, last, that the boards are in step with this version of the document."""
    synced = ListingSynced(
        document=event.document,
        region=event.region,
        villages=event.reach.villages,
        listed=listed,
        version=event.version,
        at=now(),
    )
    await emit(session, synced)
