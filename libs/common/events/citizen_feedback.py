"""What citizen_feedback says. Citizens' names, contacts and original wording never are part of it."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.events.envelope import Event


class PublishedReply(BaseModel):
    """A reply that was reviewed for publication, with the question as staff worded it for the public."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    question_id: UUID
    question: str
    reply: str
    organisation: str
    replied_at: datetime


class ResponseEvent(Event):
    """The response record (回应) of one document."""

    document: UUID
    region: str
    organisation: str

    @property
    def key(self) -> str:
        return str(self.document)


class ResponseOpened(ResponseEvent):
    """A document was published and citizens may ask about it."""

    kind: ClassVar[str] = "citizen_feedback.response.opened.v1"


class ResponsePublished(ResponseEvent):
    """The public replies about a document changed; `replies` holds the newest 20, newest first."""

    kind: ClassVar[str] = "citizen_feedback.response.published.v1"
    replies: list[PublishedReply] = Field(max_length=20)
