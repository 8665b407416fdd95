"""The manifest of policy_interpretation."""

from libs.common.events import DocumentPrepared, DocumentPublished, DocumentWithdrawn
from libs.common.service import Service
from services.policy_interpretation import listeners
from services.policy_interpretation.routes import router
from services.policy_interpretation.rules import GRANTS
from services.policy_interpretation.tables import Base

SERVICE = Service(
    name="policy_interpretation",
    title="Policy interpretation (政策解读)",
    description="Explanations of published documents, and the duty of each document to have one in time.",
    router=router,
    metadata=Base.metadata,
    grants=GRANTS,
    listeners={
        DocumentPrepared: listeners.on_document_prepared,
        DocumentPublished: listeners.on_document_published,
        DocumentWithdrawn: listeners.on_document_withdrawn,
    },
)
