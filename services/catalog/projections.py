"""What of catalog can be made anew from events: what covers an item in a region."""

from libs.common.events import DocumentPublished, DocumentWithdrawn, Event, NoticePublished, NoticeWithdrawn
from libs.common.projections import ProjectedTable, Projection, Row, Rows

_COLUMNS = ("document", "item", "region", "version", "live", "title", "published_at", "bodies")


def covering(event: DocumentPublished | NoticePublished) -> Row:
    """A document covers its item in its region for its body and those above, a notice in its village for all."""
    if isinstance(event, DocumentPublished):
        document, region, bodies = event.document, event.region, event.organisation_path
    else:
        document, region, bodies = event.notice, event.village, []
    return document, event.catalog_item, region, event.version, True, event.title, event.published_at, bodies


def _rows(event: Event) -> Rows:
    return ([covering(event)] if isinstance(event, DocumentPublished | NoticePublished) else [],)


COVERAGE = Projection(
    name="coverage",
    tables=(ProjectedTable("covering", key="document", columns=_COLUMNS),),
    shows=(DocumentPublished, NoticePublished),
    hides=(DocumentWithdrawn, NoticeWithdrawn),
    rows=_rows,
    # What was withdrawn leaves its row behind, switched off.
    where="live",
)
