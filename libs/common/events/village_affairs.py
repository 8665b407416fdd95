"""What village_affairs says: village notices, and that village listings are in step with a document."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from libs.common.events.envelope import Event
from libs.common.events.publication import Scope

Category = Literal["party", "government", "village", "finance"]


class NoticeEvent(Event):
    """A village notice (村务公开 entry)."""

    notice: UUID
    village: str
    title: str

    @property
    def key(self) -> str:
        return str(self.notice)


class NoticePublished(NoticeEvent):
    """Published on the village board after the supervision committee and the joint meeting."""

    kind: ClassVar[str] = "village_affairs.notice.published.v1"
    village_name: str
    category: Category = Field(description="党务 party, 政务 government, 村务 village, 财务 finance.")
    catalog_item: str
    field: str
    period: str | None
    summary: str
    path: str
    first_published_at: datetime
    published_at: datetime


class NoticeWithdrawn(NoticeEvent):
    """Taken down; the tombstone keeps this version."""

    kind: ClassVar[str] = "village_affairs.notice.withdrawn.v1"
    reason: str


class ListingSynced(Event):
    """The village listings have taken in (or dropped) a document up to `version`."""

    kind: ClassVar[str] = "village_affairs.listing.synced.v1"
    document: UUID
    region: str
    villages: Scope = Field(description="The villages that the document reaches, as it says.")
    listed: bool = Field(description="False after a withdrawal.")

    @property
    def key(self) -> str:
        return str(self.document)
