"""The event door: a response record follows the life of its document."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import clock
from libs.common.copies import keep
from libs.common.db import driver_of
from libs.common.events import DocumentPublished, DocumentWithdrawn, ResponseOpened
from libs.common.outbox import HEARD_KEYS, emit
from services.citizen_feedback.tables import Response

Known = tuple[str | None, int, datetime | None]
"""Path, version of the record, and when it was opened."""

_KNOWN = """
select document, path, version, opened_at from response where document = any($1) order by document for update
"""


async def on_document_published(session: AsyncSession, event: DocumentPublished) -> None:
    """Let citizens ask about the document; a later edition changes what is known of it.

    ResponseOpened is said once, the first time. A document that comes back after a withdrawal brings its
    public replies back: nothing was said when they left, so nothing is to be said again.
    """
    known = await _known(session, event)
    _, version, opened_at = known or (None, 0, None)
    if opened_at is not None:
        return await _keep(session, event, "open", event.path, version, opened_at)
    version, opened_at = version + 1, clock.now()
    await _keep(session, event, "open", event.path, version, opened_at)
    opened = ResponseOpened(
        version=version,
        at=opened_at,
        document=event.document,
        region=event.region,
        organisation=event.organisation,
    )
    await emit(session, opened)


async def on_document_withdrawn(session: AsyncSession, event: DocumentWithdrawn) -> None:
    """Take no further questions. Askers of earlier ones are still answered.

    The withdrawal may be the first that is heard of the document: askers are then told that it is gone.
    """
    known = await _known(session, event)
    path, version, opened_at = known or (None, 0, None)
    await _keep(session, event, "closed", path, version, opened_at)


async def _known(session: AsyncSession, event: DocumentPublished | DocumentWithdrawn) -> Known | None:
    """What the document's record holds beside what every event tells anew; locked."""
    known: dict[UUID, Known | None] = session.info.setdefault("known", {})
    if event.document not in known:
        # All of the batch at once: one by one they took half of its time.
        ids = {event.document, *map(UUID, session.info.get(HEARD_KEYS, ()))} - known.keys()
        known |= dict.fromkeys(ids)
        rows = await driver_of(session).fetch(_KNOWN, ids)
        known |= {row["document"]: (row["path"], row["version"], row["opened_at"]) for row in rows}
    return known[event.document]


async def _keep(
    session: AsyncSession,
    event: DocumentPublished | DocumentWithdrawn,
    state: str,
    path: str | None,
    version: int,
    opened_at: datetime | None,
) -> None:
    """Bring the record up to date; a new one has said nothing yet."""
    session.info["known"][event.document] = path, version, opened_at
    await keep(
        session,
        Response,
        document=event.document,
        region=event.region,
        organisation=event.organisation,
        organisation_path=event.organisation_path,
        title=event.title,
        path=path,
        state=state,
        version=version,
        opened_at=opened_at,
    )
