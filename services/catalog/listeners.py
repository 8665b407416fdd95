"""What others publish or withdraw switches the coverage of an item on and off.

No tombstone is needed for what was never covered: the inbox remembers the version of a withdrawal and does
not deliver older news after it.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import keep
from libs.common.db import later, soon
from libs.common.events import DocumentPublished, DocumentWithdrawn, NoticePublished, NoticeWithdrawn
from services.catalog.projections import COVERAGE, covering
from services.catalog.queries.tallies import MARK
from services.catalog.tables import Covering

_MARKED = "marked regions"
_UNCOVER = "update covering set live = false, version = $2 where document = $1"


async def on_document_published(session: AsyncSession, event: DocumentPublished) -> None:
    """The document covers its item in its region; a later edition may have moved to another item."""
    await _cover(session, event)


async def on_document_withdrawn(session: AsyncSession, event: DocumentWithdrawn) -> None:
    """The document no longer covers anything."""
    await _uncover(session, event.document, event.version, event.region)


async def on_notice_published(session: AsyncSession, event: NoticePublished) -> None:
    """The notice covers its item in its village."""
    await _cover(session, event)


async def on_notice_withdrawn(session: AsyncSession, event: NoticeWithdrawn) -> None:
    """The notice no longer covers anything."""
    await _uncover(session, event.notice, event.version, event.village)


async def _cover(session: AsyncSession, event: DocumentPublished | NoticePublished) -> None:
    (table,) = COVERAGE.tables
    await keep(session, Covering, **dict(zip(table.columns, covering(event), strict=True)))
    _mark(session, event.region if isinstance(event, DocumentPublished) else event.village)


async def _uncover(session: AsyncSession, document: UUID, version: int, region: str) -> None:
    await soon(session, _UNCOVER, document, version)
    _mark(session, region)


def _mark(session: AsyncSession, region: str) -> None:
    """Have the region counted anew, once for all that a batch of events says of it."""
    marked: set[str] = session.info.setdefault(_MARKED, set())
    if region not in marked:
        marked.add(region)
        later(session, 0, MARK, region)
