"""What comes in about a notice, and how a notice is answered."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.events.village_affairs import Category
from libs.common.fields import Body, Code, Html, Sentence, ShortText, Title
from libs.common.regions import RegionCode
from services.village_affairs.commands import Content

State = Literal["draft", "submitted", "supervised", "decided", "live", "withdrawn"]
_CATEGORIES = "党务 party, 政务 government, 村务 village, 财务 finance."


class ContentBody(Body):
    """What a notice says."""

    category: Category = Field(examples=["finance"], description=_CATEGORIES)
    title: Title = Field(examples=["2026年第三季度集体财务收支公开"])
    period: ShortText | None = Field(
        None, examples=["2026年第三季度"], description="What the notice accounts for, as people call it."
    )
    catalog_item: Code = Field(examples=["27008003"], description="Code of the disclosure item.")
    body_html: Html = Field(
        examples=["<p>本季度收入合计21,500.00元,支出合计29,270.80元。</p>"],
        description="Sanitised on the way in; household lists must be masked already.",
    )

    def content(self) -> Content:
        """For the commands."""
        return Content(**{name: getattr(self, name) for name in ContentBody.model_fields})


class DraftBody(ContentBody):
    """A new notice."""

    village: RegionCode = Field(description="Code of the village.")


class OpinionBody(Body):
    """The supervision committee's opinion."""

    opinion: Sentence = Field(examples=["已核对收支凭证,同意公布。"], description="Kept, but not public.")


class DecisionBody(Body):
    """The joint meeting's decision."""

    minutes_on: date = Field(examples=["2026-11-20"], description="Day of the meeting's minutes; not after today.")


class ReasonBody(Body):
    """Why a notice is returned or withdrawn."""

    reason: Sentence = Field(examples=["第二笔支出金额有误。"], description="Public when a notice is withdrawn.")


class NoticePage(BaseModel):
    """The public page of a notice."""

    kind: Literal["notice"] = "notice"
    id: UUID
    title: str
    village: str = Field(examples=["990001101201"], description="Code of the village.")
    village_name: str | None = Field(examples=["东庄村"])
    category: Category = Field(description=_CATEGORIES)
    period: str | None
    catalog_item: str = Field(description="Code of the disclosure item.")
    field: str = Field(description="Code of the field (领域).")
    summary: str
    body_html: str = Field(description="Sanitised.")
    minutes_on: date = Field(description="Day on which the joint meeting decided to publish.")
    published_at: datetime
    visible_until: date = Field(description="The board keeps it at least until this day.")


class NoticeView(BaseModel):
    """A notice as those who handle it see it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int = Field(description="What `If-Match` must name.")
    state: State
    village: str = Field(examples=["990001101201"], description="Code of the village.")
    category: Category = Field(description=_CATEGORIES)
    title: str
    period: str | None
    catalog_item: str = Field(description="Code of the disclosure item.")
    field: str = Field(description="Code of the field (领域).")
    summary: str
    body_html: str = Field(description="Sanitised.")
    drafted_at: datetime
    opinion: str | None = Field(description="Of the supervision committee; not public.")
    minutes_on: date | None = Field(description="Day on which the joint meeting decided to publish.")
    published_at: datetime | None
    visible_until: date | None = Field(description="The board keeps it at least until this day.")
    withdrawn_at: datetime | None
    reason: str | None = Field(description="Why it was last returned or withdrawn.")


class Work(BaseModel):
    """A page of the notices of one village, newest first."""

    items: list[NoticeView]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")
