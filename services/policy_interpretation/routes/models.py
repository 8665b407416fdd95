"""What comes in and goes out over HTTP. All texts for people are Chinese, all names English."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import orjson
from pydantic import BaseModel, Field

from libs.common.events.policy_interpretation import Form
from libs.common.fields import Body, Html, Sentence, Title
from services.policy_interpretation.commands.working import page_path
from services.policy_interpretation.rules import DutyState, Section, State, Text, is_overdue
from services.policy_interpretation.tables import Interpretation

_ID = "0197a2c4-5b6e-7d10-8f21-3a4b5c6d7e8f"
_TITLE = "《阳光县临时救助实施办法》文字解读"

AnyId = Annotated[UUID, Field(examples=[_ID])]
AnyTitle = Annotated[str, Field(examples=[_TITLE])]
AnyRegion = Annotated[str, Field(description="12-digit division code.", examples=["990001000000"])]
AnyOrganisation = Annotated[str, Field(description="Code of the body that answers for it.", examples=["990001-zf"])]
AnyForm = Annotated[
    Form,
    Field(
        description="text 文字, image 图解, comic 漫画, audio 音频, video 视频, briefing 新闻发布会, "
        "interview 访谈, expert 专家或媒体解读, qa 问答, leader 负责人解读.",
        examples=["text"],
    ),
]
AnyPath = Annotated[
    str,
    Field(description="Path of its page data.", examples=[f"/policy-interpretation/interpretations/{_ID}"]),
]


class TextBody(Body):
    """What an interpretation says."""

    title: Title = Field(examples=[_TITLE])
    form: AnyForm
    body_html: Html = Field(description="Sanitised when it is stored.", examples=["<p>一、为什么出台这个办法</p>"])
    sections: dict[Section, Sentence] = Field(
        default_factory=dict,
        description="The parts of the 解读材料: background 背景依据, objectives 目标任务, main_content "
        "主要内容, scope 适用范围, standards 执行标准, deadlines 期限, cautions 注意事项, terms 关键词诠释, "
        "benefits 惠民利民举措, differences 新旧政策差异, highlights 特色亮点, next_steps 后续工作, "
        "contact 联系方式.",
        examples=[{"background": "原有规定执行多年,额度偏低。", "scope": "在本县遭遇突发困难的家庭和个人。"}],
    )

    def text(self) -> Text:
        """The text that the command works on."""
        return Text(self.title, self.form, self.body_html, self.sections)


class DraftBody(TextBody):
    """A new interpretation."""

    document: UUID = Field(description="content_id of a document that is prepared or live.", examples=[_ID])


class ReasonBody(Body):
    """Why an interpretation is returned or withdrawn."""

    reason: Sentence = Field(examples=["数据与文件第三条不一致。"])


class InterpretationCard(BaseModel):
    """An interpretation in a listing."""

    id: AnyId
    document: AnyId
    region: AnyRegion
    organisation: AnyOrganisation
    title: AnyTitle
    form: AnyForm
    summary: str = Field(description="The beginning of its text.", examples=["一、为什么出台这个办法…"])
    state: State = Field(description="Anything but published is seen by staff alone.", examples=["published"])
    version: int = Field(examples=[4])
    published_at: datetime | None = Field(examples=["2026-04-28T09:30:00+08:00"])
    path: AnyPath


class PublicInterpretation(BaseModel):
    """A public interpretation with everything its page shows, and the way back to its document."""

    id: AnyId
    document: AnyId
    document_title: str = Field(examples=["阳光县临时救助实施办法"])
    document_path: str = Field(examples=[f"/publication/documents/{_ID}"])
    region: AnyRegion
    organisation: AnyOrganisation
    title: AnyTitle
    form: AnyForm
    summary: str
    body_html: str
    sections: dict[Section, str]
    published_at: datetime
    path: AnyPath

    @classmethod
    def of(cls, row: asyncpg.Record) -> "PublicInterpretation":
        """The view of a row of `queries.interpretation`."""
        return cls(**{**row, "sections": orjson.loads(row["sections"]), "path": page_path(row["id"])})


class InterpretationWork(BaseModel):
    """An interpretation as staff see it. The `ETag` header names its version for `If-Match`."""

    id: AnyId
    document: AnyId
    region: AnyRegion
    organisation: AnyOrganisation
    title: AnyTitle
    form: AnyForm
    summary: str
    body_html: str
    sections: dict[Section, str]
    state: State
    version: int
    drafted_by: list[str] = Field(description="Everybody who worked on the text; none of them may approve it.")
    drafted_at: datetime
    changed_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    published_at: datetime | None
    withdrawn_at: datetime | None
    reason: str | None = Field(description="Why it was returned or withdrawn last.")
    path: AnyPath

    @classmethod
    def of(cls, row: Interpretation) -> "InterpretationWork":
        """The view of a row that a command returned."""
        values = {name: getattr(row, name) for name in cls.model_fields if name != "path"}
        return cls(**values, path=page_path(row.id))

    @classmethod
    def read(cls, row: asyncpg.Record) -> "InterpretationWork":
        """The view of a row of `queries.interpretation`."""
        return cls(**{**row, "sections": orjson.loads(row["sections"]), "path": page_path(row["id"])})


class InterpretationPage(BaseModel):
    """One page of a listing of interpretations."""

    items: list[InterpretationCard]
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class DutyView(BaseModel):
    """The duty to interpret one document."""

    document: AnyId
    title: str = Field(description="Title of the document.", examples=["阳光县临时救助实施办法"])
    region: AnyRegion
    organisation: AnyOrganisation
    state: DutyState = Field(description="closed: nothing is owed any more; seen by staff alone.", examples=["open"])
    opened_at: datetime
    due_on: date | None = Field(
        description="Last day: 3 working days after publication (国办发〔2016〕80号); null before it.",
        examples=["2026-05-06"],
    )
    provisional: bool = Field(description="No holiday notice has spoken yet for a day that was counted.")
    overdue: bool = Field(description="Still open although the last day has passed.")
    discharged_at: datetime | None

    @classmethod
    def of(cls, row: asyncpg.Record, today: date) -> "DutyView":
        """The view of a row of `queries.duties` on the day `today`."""
        return cls(**row, overdue=is_overdue(row["state"], row["due_on"], today))


class DutyPage(BaseModel):
    """One page of a listing of duties."""

    items: list[DutyView]
    next: str | None = Field(description="Cursor of the next page; null on the last.")


DutyStateFilter = Literal["open", "discharged", "closed"]
StateFilter = Literal["draft", "approved", "ready", "published", "withdrawn"]
