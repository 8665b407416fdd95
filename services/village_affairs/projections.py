"""What of village_affairs can be made anew from events: the village boards."""

from libs.common import listing
from libs.common.cards import document_entry, notice_entry
from libs.common.events import DocumentPublished, DocumentWithdrawn, Event, NoticePublished, NoticeWithdrawn, Reach
from libs.common.listing import Entry
from libs.common.projections import Projection, Rows
from services.village_affairs import rules


def entry(event: DocumentPublished | NoticePublished) -> Entry | None:
    """How a notice or document stands on the boards; None for a document that reaches no village."""
    if isinstance(event, NoticePublished):
        return notice_entry(event)
    if not rules.reaches_villages(event.region, event.reach):
        return None
    # Towns have their listings in publication.
    return document_entry(event, Reach(villages=event.reach.villages))


def _rows(event: Event) -> Rows:
    return listing.rows(entry(event) if isinstance(event, DocumentPublished | NoticePublished) else None)


LISTING = Projection(
    name="listing",
    tables=listing.TABLES,
    shows=(DocumentPublished, NoticePublished),
    hides=(DocumentWithdrawn, NoticeWithdrawn),
    rows=_rows,
)
