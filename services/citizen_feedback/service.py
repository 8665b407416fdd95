"""The manifest of citizen_feedback."""

from libs.common.events import DocumentPublished, DocumentWithdrawn
from libs.common.service import Service
from services.citizen_feedback.listeners import on_document_published, on_document_withdrawn
from services.citizen_feedback.routes import router
from services.citizen_feedback.rules import GRANTS
from services.citizen_feedback.tables import Base

SERVICE = Service(
    name="citizen_feedback",
    title="Citizen feedback (回应关切)",
    description="Citizens ask about published documents, staff reply, and reviewed replies are public.",
    router=router,
    metadata=Base.metadata,
    grants=GRANTS,
    listeners={DocumentPublished: on_document_published, DocumentWithdrawn: on_document_withdrawn},
)
