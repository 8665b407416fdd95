"""The manifest of catalog."""

from libs.common.events import DocumentPublished, DocumentWithdrawn, NoticePublished, NoticeWithdrawn
from libs.common.service import Service
from services.catalog import listeners
from services.catalog.chores import keep_tallied
from services.catalog.projections import COVERAGE
from services.catalog.routes import router
from services.catalog.rules import GRANTS
from services.catalog.tables.base import Base

SERVICE = Service(
    name="catalog",
    title="Catalog 公开事项标准目录",
    description="Regions, responsible bodies, and the disclosure items of the standard catalog: what must be"
    " public, by whom and how soon; and which of the items a region has covered with something published.",
    router=router,
    metadata=Base.metadata,
    grants=GRANTS,
    listeners={
        DocumentPublished: listeners.on_document_published,
        DocumentWithdrawn: listeners.on_document_withdrawn,
        NoticePublished: listeners.on_notice_published,
        NoticeWithdrawn: listeners.on_notice_withdrawn,
    },
    projections=[COVERAGE],
    chores=[keep_tallied],
)
