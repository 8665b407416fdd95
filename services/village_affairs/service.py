"""The manifest of village_affairs."""

from libs.common.events import (
    DocumentPublished,
    DocumentWithdrawn,
    ItemChanged,
    RegionChanged,
)
from libs.common.service import Service
from services.village_affairs import listeners
from services.village_affairs.projections import LISTING
from services.village_affairs.routes import router
from services.village_affairs.rules import GRANTS
from services.village_affairs.tables import Base

SERVICE = Service(
    name="village_affairs",
    title="Village affairs (村务公开)",
    description="Village notices, from draft to board, and the boards of all villages.",
    router=router,
    metadata=Base.metadata,
    grants=GRANTS,
    listeners={
        RegionChanged: listeners.on_region_changed,
        ItemChanged: listeners.on_item_changed,
        DocumentPublished: listeners.on_document_published,
        DocumentWithdrawn: listeners.on_document_withdrawn,
    },
    projections=[LISTING],
)
