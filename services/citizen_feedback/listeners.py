"""The event door: a response record follows the life of its document."""

from datetime import datetime

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import clock
from libs.common.copies import keep
from libs.common.db import driver_of, settle
from libs.common.events import DocumentPublished, DocumentWithdrawn, ResponseOpened
from libs.common.outbox import emit
from services.citizen_feedback.tables import Response

_KNOWN = "select path, version, opened_at from response where document = $1 for update"


async def on_document_published(session: AsyncSession, event: DocumentPublished) -> None:
    """Let citizens ask about the document; a later edition changes what is known of it.

    ResponseOpened is said once, the first time. A document that comes back after a withdrawal brings its
    public replies back: nothing was said when they left, so nothing is to be said again.
    """
    known = await _known(session, event)
    if known and known["opened_at"] is not None:
        return await _keep(session, event, "open", event.path, known["version"], known["opened_at"])
    version, opened_at = (known["version"] if known else 0) + 1, clock.now()
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


async def _known(session: AsyncSession, event: DocumentPublished | DocumentWithdrawn) -> asyncpg.Record | None:
    """What the document's record holds beside what every event tells anew; locked."""
    await settle(session)  # an earlier event of the batch may have written it
    return await driver_of(session).fetchrow(_KNOWN, event.document)


async def _keep(
    session: AsyncSession,
    event: DocumentPublished | DocumentWithdrawn,
    state: str,
    path: str | None,
    version: int,
    opened_at: datetime | None,
) -> None:
    """Bring the record up to date; a new one has said nothing yet."""
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
