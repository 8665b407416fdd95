"""What policy_interpretation says: duties to interpret, and interpretations."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from libs.common.events.envelope import Event

Form = Literal["text", "image", "comic", "audio", "video", "briefing", "interview", "expert", "qa", "leader"]


class DutyOpened(Event):
    """A document must be interpreted. Until it is published the duty has no due date."""

    kind: ClassVar[str] = "policy_interpretation.duty.opened.v1"
    document: UUID
    region: str
    organisation: str
    title: str
    due_on: date | None = Field(description="Three working days after publication (国办发〔2016〕80号).")
    provisional: bool = Field(description="The due date lies in a year whose holidays are not announced yet.")

    @property
    def key(self) -> str:
        return str(self.document)


class InterpretationEvent(Event):
    """The whole public state of an interpretation."""

    interpretation: UUID
    document: UUID
    region: str
    organisation: str

    @property
    def key(self) -> str:
        return str(self.interpretation)


class _InterpretationText(InterpretationEvent):
    title: str
    form: Form
    summary: str
    body_html: str
    sections: dict[str, str]
    path: str = Field(description="Path of the interpretation's own page data.")


class InterpretationReady(_InterpretationText):
    """Approved; waits for its document and becomes public in the same commit as the document."""

    kind: ClassVar[str] = "policy_interpretation.interpretation.ready.v1"


class InterpretationPublished(_InterpretationText):
    """Public."""

    kind: ClassVar[str] = "policy_interpretation.interpretation.published.v1"


class InterpretationWithdrawn(InterpretationEvent):
    """No longer public: its document was withdrawn, or it was itself."""

    kind: ClassVar[str] = "policy_interpretation.interpretation.withdrawn.v1"
    reason: str
