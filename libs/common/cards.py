"""The cards of listings: made once from an event, served as they are, the same wherever an entry is listed.

相同事项的公开内容对应一致: what the county's page shows of a document and what a village's board shows is one card
(国办发〔2019〕54号; domain 7.7).
"""

from datetime import date, datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.events import DocumentPublished, NoticePublished, Reach
from libs.common.events.village_affairs import Category
from libs.common.listing import Entry


class DocumentCard(BaseModel):
    """A document in a listing."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["document"] = "document"
    id: UUID
    title: str = Field(examples=["阳光县人民政府办公室关于做好2026年义务教育招生入学工作的通知"])
    region: str = Field(examples=["990001000000"], description="Division code of the document's region.")
    region_name: str = Field(examples=["阳光县"])
    organisation: str = Field(examples=["990001-zf"], description="Code of the publishing organisation.")
    organisation_name: str = Field(examples=["阳光县人民政府"])
    index_number: str = Field(examples=["11990001MB00000115/2026-00012"], description="索引号.")
    doc_number: str | None = Field(examples=["阳政发〔2026〕12号"], description="文号.")
    catalog_item: str = Field(examples=["03001001"], description="Code of the disclosure item (公开事项).")
    field: str = Field(examples=["03"], description="Code of the field (领域).")
    theme: str = Field(examples=["科技、教育\\教育"], description="主题分类.")
    genre: str = Field(examples=["通知"], description="体裁.")
    column: str = Field(examples=["政策文件"], description="栏目.")
    summary: str = Field(description="内容概述.")
    written_on: date = Field(description="成文日期.")
    published_at: datetime = Field(description="When its first edition was published; a correction does not move it.")
    path: str = Field(description="Path of the document's page data.")

    @classmethod
    def of(cls, event: DocumentPublished) -> Self:
        """The card of the edition that went live."""
        said = {name: getattr(event, name) for name in _SAID_OF_DOCUMENT}
        return cls(**said, id=event.document, published_at=event.first_published_at)


class NoticeCard(BaseModel):
    """A village notice in a listing."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["notice"] = "notice"
    id: UUID
    title: str = Field(examples=["2026年第三季度集体财务收支公开"])
    region: str = Field(examples=["990001101201"], description="Division code of the village.")
    region_name: str = Field(examples=["东庄村"])
    category: Category = Field(description="党务 party, 政务 government, 村务 village, 财务 finance.")
    period: str | None = Field(examples=["2026年第三季度"], description="What the notice accounts for.")
    catalog_item: str = Field(examples=["27001001"], description="Code of the disclosure item (公开事项).")
    field: str = Field(examples=["27"], description="Code of the field (领域).")
    summary: str
    published_at: datetime
    path: str = Field(description="Path of the notice's page data.")

    @classmethod
    def of(cls, event: NoticePublished) -> Self:
        """The card of a notice that was published."""
        return cls(
            id=event.notice,
            title=event.title,
            region=event.village,
            region_name=event.village_name,
            category=event.category,
            period=event.period,
            catalog_item=event.catalog_item,
            field=event.field,
            summary=event.summary,
            published_at=event.first_published_at,
            path=event.path,
        )


# `published_at` of an event is that of its edition.
_SAID_OF_DOCUMENT = tuple(set(DocumentCard.model_fields) & set(DocumentPublished.model_fields) - {"published_at"})


def document_entry(event: DocumentPublished, reach: Reach) -> Entry:
    """What a listing keeps of a published document that reaches as far as `reach`."""
    return Entry(
        id=event.document,
        kind="document",
        region=event.region,
        reach=reach,
        field=event.field,
        item=event.catalog_item,
        theme=event.theme,
        column=event.column,
        published_at=event.first_published_at,
        version=event.version,
        card=DocumentCard.of(event).model_dump_json(),
    )


def notice_entry(event: NoticePublished) -> Entry:
    """What a listing keeps of a published village notice: boards are read by category as listings are by column."""
    return Entry(
        id=event.notice,
        kind="notice",
        region=event.village,
        reach=Reach(),
        field=event.field,
        item=event.catalog_item,
        theme=None,
        column=event.category,
        published_at=event.first_published_at,
        version=event.version,
        card=NoticeCard.of(event).model_dump_json(),
    )
