"""What publication says of a document, and what follows for its duty and its interpretations.

An event carries the document's whole public state, so each listener does with the first news of a document
what it does with the tenth: whether a `prepared` came before a `published`, or anything before a `withdrawn`,
makes no difference. The inbox keeps older news away. Times are those of the event: a late delivery changes none.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.copies import put
from libs.common.db import calendar_of, settle
from libs.common.events import DocumentPrepared, DocumentPublished, DocumentWithdrawn
from libs.common.outbox import HEARD_KEYS
from services.policy_interpretation import rules
from services.policy_interpretation.commands import duty, release
from services.policy_interpretation.commands.working import LOCK_DOCUMENT
from services.policy_interpretation.rules import DocumentState
from services.policy_interpretation.tables import Document


async def on_document_prepared(session: AsyncSession, event: DocumentPrepared) -> None:
    """Open the duty before the document is public: both are written and reviewed together (三同步)."""
    document = await _document(session, event)
    if document.state != DocumentState.PREPARED:
        return  # a later edition is in work; what is public does not change before it is published
    _describe(document, event)
    document.interpretation_required = True
    _save(session, document)
    await duty.expect(session, document, event.at)


async def on_document_published(session: AsyncSession, event: DocumentPublished) -> None:
    """Start the 3 working days of the duty, and release every interpretation that waited for the document."""
    document = await _document(session, event)
    known = sa.inspect(document).persistent
    since = _since(document, event)
    _describe(document, event)
    document.state = DocumentState.LIVE
    document.interpretation_required = event.interpretation_required
    document.path = event.path
    document.published_at = event.published_at
    _save(session, document)
    if event.interpretation_required:
        await duty.demand(session, document, rules.due(since, calendar_of(session)), event.at)
    else:
        await duty.waive(session, document)
    if known:  # nobody can have drafted anything about a document that was not
        await release.release_with_document(session, document, event.at)
        await duty.settle(session, document, event.at)


async def on_document_withdrawn(session: AsyncSession, event: DocumentWithdrawn) -> None:
    """Close the duty and take the document's interpretations down with it."""
    document = await _document(session, event)
    _describe(document, event)
    document.state = DocumentState.WITHDRAWN
    document.interpretation_required = False
    _save(session, document)
    await duty.close(session, document)
    await release.withdraw_with_document(session, document, event.reason, event.at)


async def _document(session: AsyncSession, event: DocumentPrepared | DocumentPublished | DocumentWithdrawn) -> Document:
    """The document's row, locked against acts on its interpretations; a new one for the first news of it."""
    documents: dict[UUID, Document | None] = session.info.setdefault("documents", {})
    if event.document not in documents:
        # All of the batch at once: one by one they took half of its time.
        ids = {event.document, *map(UUID, session.info.get(HEARD_KEYS, ()))} - documents.keys()
        documents |= dict.fromkeys(ids)
        found = sa.select(Document).where(Document.content_id.in_(ids)).order_by(Document.content_id)
        rows = await session.scalars(found.with_for_update(key_share=True))
        documents |= {document.content_id: document for document in rows}
    document = documents[event.document]
    if document is not None and sa.inspect(document).transient:
        await settle(session)  # an earlier event of the batch has written it
        document = await session.get(Document, event.document, with_for_update=LOCK_DOCUMENT)
    if document is None:
        document = Document(content_id=event.document, state=DocumentState.PREPARED, interpretation_required=False)
        _describe(document, event)
    documents[event.document] = document
    return document


def _save(session: AsyncSession, document: Document) -> None:
    """Write a document that is new; the session writes what it knows by itself."""
    if sa.inspect(document).transient:
        put(session, document)


def _describe(document: Document, event: DocumentPrepared | DocumentPublished | DocumentWithdrawn) -> None:
    document.region = event.region
    document.organisation = event.organisation
    document.organisation_path = event.organisation_path
    document.title = event.title
    document.version = event.version


def _since(document: Document, event: DocumentPublished) -> datetime:
    """When the duty's clock started: with the first edition, unless that one is known to have had no duty.

    Not simply with the edition at hand: a listener that missed the first one must come to the same due date.
    """
    return event.first_published_at if document.published_at is None else event.published_at
