"""The read side: the statements, and the cards of the boards.

A card is made once, when its entry goes on a board, and served from there as it is.
"""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common import regions
from libs.common.events import DocumentPublished
from libs.common.events.village_affairs import Category
from services.village_affairs.tables import Notice

# Regions are ranges of village codes, so one statement on the primary key serves all of them.
VILLAGES = "select code, name, town, county from village where code > $1 and code <= $2 order by code limit $3"
VILLAGE = "select code, name, town, county from village where code = $1"

NOTICE = """
select n.*, v.name as village_name from notice n left join village v on v.code = n.village
where n.id = $1
"""
WORK = """
select n.*, v.name as village_name from notice n left join village v on v.code = n.village
where n.village = $1 and ($2::text is null or n.state = $2) and ($3::uuid is null or n.id < $3)
order by n.id desc limit $4
"""

_DIGITS = {level: digits for digits, level in zip((2, 4, 6, 9, 12), regions.Level, strict=True)}


def last_code_within(region: str) -> str:
    """The greatest code that lies within a region."""
    return region[: _DIGITS[regions.level(region)]].ljust(12, "9")


def notice_path(notice: UUID) -> str:
    """Where the page of a notice is."""
    return f"/village-affairs/notices/{notice}"


class NoticeCard(BaseModel):
    """A notice on a board."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["notice"] = "notice"
    id: UUID
    title: str = Field(examples=["2026年第三季度集体财务收支公开"])
    village: str = Field(examples=["990001101201"], description="Code of the village.")
    category: Category = Field(description="党务 party, 政务 government, 村务 village, 财务 finance.")
    period: str | None = Field(examples=["2026年第三季度"], description="What the notice accounts for.")
    catalog_item: str = Field(examples=["27008003"], description="Code of the disclosure item.")
    published_at: datetime
    path: str = Field(description="Path of the notice's page data.")

    @classmethod
    def of(cls, notice: Notice) -> Self:
        """The card of a notice that is being published."""
        own = {name: getattr(notice, name) for name in cls.model_fields.keys() - {"kind", "path"}}
        return cls(**own, path=notice_path(notice.id))


class DocumentCard(BaseModel):
    """A document on a board: a village's own, or one of the county or town that reaches the village."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["document"] = "document"
    id: UUID
    title: str
    region: str = Field(examples=["990001000000"], description="Region of the document.")
    organisation: str = Field(examples=["990001-zf"], description="Code of the responsible body.")
    doc_number: str | None = Field(examples=["阳政发〔2026〕12号"], description="文号.")
    index_number: str = Field(description="索引号.")
    catalog_item: str = Field(examples=["03001001"], description="Code of the disclosure item.")
    theme: str
    genre: str
    column: str
    published_at: datetime
    path: str = Field(description="Path of the document's page data, in the publication service.")

    @classmethod
    def of(cls, event: DocumentPublished) -> Self:
        """The card of the edition that went live."""
        said = event.model_dump(include=set(cls.model_fields) - {"kind", "id"})
        return cls(**said, id=event.document)
