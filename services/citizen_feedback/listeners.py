"""The event door: a response record follows the life of its document."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import clock
from libs.common.events import DocumentPublished, DocumentWithdrawn, ResponseOpened
from libs.common.outbox import emit
from services.citizen_feedback.tables import Response


async def on_document_published(session: AsyncSession, event: DocumentPublished) -> None:
    """Let citizens ask about the document; a later edition changes what is known of it.

    ResponseOpened is said once, the first time. A document that comes back after a withdrawal brings its
    public replies back: nothing was said when they left, so nothing is to be said again.
    """
    response = await _known(session, event)
    response.path = event.path
    response.state = "open"
    if response.opened_at is not None:
        return
    response.opened_at = clock.now()
    response.version += 1
    opened = ResponseOpened(
        version=response.version,
        at=response.opened_at,
        document=response.document,
        region=response.region,
        organisation=response.organisation,
    )
    await emit(session, opened)


async def on_document_withdrawn(session: AsyncSession, event: DocumentWithdrawn) -> None:
    """Take no further questions. Askers of earlier ones are still answered.

    The withdrawal may be the first that is heard of the document: askers are then told that it is gone.
    """
    response = await _known(session, event)
    response.state = "closed"


async def _known(session: AsyncSession, event: DocumentPublished | DocumentWithdrawn) -> Response:
    """The document's record, locked and brought up to date; a new one has said nothing yet."""
    response = await session.get(Response, event.document, with_for_update=True)
    if response is None:
        response = Response(document=event.document, version=0)
        session.add(response)
    response.region = event.region
    response.organisation = event.organisation
    response.organisation_path = event.organisation_path
    response.title = event.title
    return response
