"""What publication says of its documents."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.events.envelope import Event

Scope = Literal["all"] | list[str]


class Reach(BaseModel):
    """How far down a document reaches beside its own region: all towns or villages of its region, or named ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    towns: Scope = Field(default_factory=list, description='"all" or 12-digit town codes.')
    villages: Scope = Field(default_factory=list, description='"all" or 12-digit village codes.')


class DocumentEvent(Event):
    """What all events of a document share."""

    document: UUID = Field(description="content_id of the document, never reused.")
    region: str
    organisation: str
    organisation_path: list[str]
    title: str

    @property
    def key(self) -> str:
        return str(self.document)


class DocumentPrepared(DocumentEvent):
    """A document was submitted for review with its interpretation duty (三同步: drafted and reviewed together)."""

    kind: ClassVar[str] = "publication.document.prepared.v1"
    doc_number: str | None


class DocumentPublished(DocumentEvent):
    """An edition went live: the first or a later one. Longer bodies travel by address and digest."""

    kind: ClassVar[str] = "publication.document.published.v1"
    edition: int
    region_name: str
    organisation_name: str
    index_number: str = Field(description="索引号.")
    doc_number: str | None = Field(description="文号.")
    catalog_item: str
    field: str
    theme: str
    genre: str
    column: str
    keywords: list[str]
    summary: str
    body_sha256: str = Field(description="Digest of the published body_html, which stands at `path`.")
    path: str = Field(description="Path of the public document page data.")
    written_on: date
    effective_on: date | None
    expires_on: date | None
    first_published_at: datetime
    published_at: datetime
    reach: Reach
    interpretation_required: bool


class DocumentWithdrawn(DocumentEvent):
    """A live document left the public: with a notice, gone, or redirected. Its tombstone keeps this version."""

    kind: ClassVar[str] = "publication.document.withdrawn.v1"
    index_number: str
    catalog_item: str
    withdrawal: Literal["notice", "gone", "redirect"]
    reason: str
    redirect_to: UUID | None
    reach: Reach
