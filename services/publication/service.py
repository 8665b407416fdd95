"""The manifest of publication."""

from libs.common.events import (
    InterpretationPublished,
    InterpretationReady,
    InterpretationWithdrawn,
    ItemChanged,
    NoticePublished,
    NoticeWithdrawn,
    OrganisationChanged,
    RegionChanged,
    ResponsePublished,
    TemplateChanged,
)
from libs.common.service import Service
from services.publication import listeners
from services.publication.projections import LISTING
from services.publication.routes import router
from services.publication.rules import GRANTS
from services.publication.tables import Base

SERVICE = Service(
    name="publication",
    title="publication 信息发布",
    description="The life of a document, from draft to withdrawal, and the listings of county, towns and villages.",
    router=router,
    metadata=Base.metadata,
    grants=GRANTS,
    listeners={
        RegionChanged: listeners.on_region_changed,
        OrganisationChanged: listeners.on_organisation_changed,
        ItemChanged: listeners.on_item_changed,
        TemplateChanged: listeners.on_template_changed,
        InterpretationReady: listeners.on_interpretation_ready,
        InterpretationPublished: listeners.on_interpretation_published,
        InterpretationWithdrawn: listeners.on_interpretation_withdrawn,
        ResponsePublished: listeners.on_response_published,
        NoticePublished: listeners.on_notice_published,
        NoticeWithdrawn: listeners.on_notice_withdrawn,
    },
    projections=[LISTING],
)
