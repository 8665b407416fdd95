"""What of publication can be made anew from events: its listings, of own documents and of village notices."""

from libs.common import listing
from libs.common.cards import document_entry, notice_entry
from libs.common.events import DocumentPublished, DocumentWithdrawn, Event, NoticePublished, NoticeWithdrawn
from libs.common.listing import Entry
from libs.common.projections import Projection, Rows


def entry(event: DocumentPublished | NoticePublished) -> Entry:
    """How a document or village notice is listed: a document as far as it reaches, a notice in its village."""
    if isinstance(event, DocumentPublished):
        return document_entry(event, event.reach)
    return notice_entry(event)


def _rows(event: Event) -> Rows:
    return listing.rows(entry(event) if isinstance(event, DocumentPublished | NoticePublished) else None)


LISTING = Projection(
    name="listing",
    tables=listing.TABLES,
    shows=(DocumentPublished, NoticePublished),
    hides=(DocumentWithdrawn, NoticeWithdrawn),
    rows=_rows,
)
