"""What clients send and get, with the meaning of each field: front-end developers work from these alone."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from libs.common.events import Reach
from libs.common.fields import Body, Code, Html, Sentence, ShortText, Title
from libs.common.regions import RegionCode
from services.publication import rules
from services.publication.commands.draft import Draft
from services.publication.commands.withdraw import Withdrawal
from services.publication.rules.structured import Structured

_Named = Annotated[list[RegionCode], Field(max_length=rules.NAMED_REGIONS_MOST)]


class Disclosure(Body):
    """公开属性, fixed when the document is drafted."""

    attribute: Literal["proactive", "on_request", "not_public"] = Field(
        "proactive", description="主动公开 proactive, 依申请公开 on_request, 不予公开 not_public."
    )
    reason: Sentence | None = Field(None, description="Why not proactive; required then.")
    basis: Sentence | None = Field(
        None, description="Article that allows it; required then.", examples=["《政府信息公开条例》第十六条"]
    )


class ReachBody(Body):
    """Where else the document is listed: below its own region."""

    towns: Literal["all"] | _Named = Field(default_factory=list, description='"all" or division codes of towns.')
    villages: Literal["all"] | _Named = Field(
        default_factory=list, description='"all" or division codes of villages.', examples=["all"]
    )


class InterpretationBody(Body):
    """Whether the document must be interpreted (政策解读)."""

    required: bool = Field(False, description="True opens a duty, due three working days after publication.")


class DraftBody(Body):
    """A document as a clerk enters it."""

    title: Title = Field(examples=["阳光县人民政府办公室关于做好2026年义务教育招生入学工作的通知"])
    body_html: Html = Field(description="Sanitised on write.", examples=["<p>各镇人民政府,县政府各部门:</p>"])
    region: RegionCode = Field(examples=["990001000000"])
    organisation: Code = Field(description="Code of the publishing organisation.", examples=["990001-zf"])
    catalog_item: Code = Field(description="Code of the disclosure item (公开事项).", examples=["03001001"])
    disclosure: Disclosure = Field(default_factory=lambda: Disclosure.model_validate({}))
    doc_number: ShortText | None = Field(
        None, description="文号; brackets are normalised to 〔〕.", examples=["阳政办发〔2026〕12号"]
    )
    theme: ShortText = Field("其他", description="主题分类, two levels.", examples=["综合政务\\政务公开"])
    genre: ShortText = Field("其他", description="体裁.", examples=["通知"])
    column: ShortText = Field("其他", description="栏目 of the website.", examples=["政策文件"])
    keywords: list[ShortText] = Field(
        default_factory=list, max_length=20, description="主题词.", examples=[["义务教育", "招生"]]
    )
    source: ShortText | None = Field(None, description="信息来源, when it is not the organisation itself.")
    written_on: date = Field(description="成文日期; not after today.")
    effective_on: date | None = Field(None, description="施行日期.")
    expires_on: date | None = Field(None, description="失效日期.")
    reach: ReachBody = Field(default_factory=lambda: ReachBody.model_validate({}))
    structured: Structured | None = Field(
        None,
        description="Content by the fields of the item's template (`/catalog/items/{code}/template`), as plain text and"
        " numbers; at most 64 KB. A draft may be incomplete: it must fit when it is submitted. Null where the item has"
        " no template.",
        examples=[{"batch": "2026年第一批", "area": 12.5, "amount": "1200.00"}],
    )
    interpretation: InterpretationBody = Field(default_factory=lambda: InterpretationBody.model_validate({}))

    def draft(self) -> Draft:
        """The draft that the command works on."""
        plain = {"title", "theme", "genre", "column", "keywords", "source", "structured"}
        return Draft(
            region=self.region,
            organisation=self.organisation,
            catalog_item=self.catalog_item,
            body_html=self.body_html,
            doc_number=self.doc_number,
            dates=rules.Dates(self.written_on, self.effective_on, self.expires_on),
            disclosure=self.disclosure.attribute,
            disclosure_reason=self.disclosure.reason,
            disclosure_basis=self.disclosure.basis,
            reach=Reach.model_validate(self.reach.model_dump()),
            content={
                **self.model_dump(include=plain),
                "interpretation_required": self.interpretation.required,
            },
        )


class ReturnBody(Body):
    """Why a draft is sent back."""

    reason: Sentence = Field(examples=["请补充依据条款。"])


class WithdrawBody(Body):
    """How and why a document leaves the public."""

    kind: Literal["notice", "gone", "redirect"] = Field(
        description="notice: the page stays with a notice and without the text; gone: the page answers 410; "
        "redirect: the page leads to another document."
    )
    reason: Sentence = Field(description="Always required; it is public.", examples=["文件已废止。"])
    notice: Sentence | None = Field(None, description="What the page says, with kind notice; else the reason.")
    redirect_to: UUID | None = Field(None, description="The live document that takes its place, with kind redirect.")

    @model_validator(mode="after")
    def _target(self) -> "WithdrawBody":
        if (self.kind == "redirect") != (self.redirect_to is not None):
            raise ValueError("跳转方式需要且仅需要 redirect_to。")
        return self

    def withdrawal(self) -> Withdrawal:
        """The withdrawal that the command works on."""
        return Withdrawal(self.kind, self.reason, self.notice, self.redirect_to)


class Effect(BaseModel):
    """One thing that follows from a publish or a withdrawal."""

    name: str = Field(examples=["village_listing"])
    state: Literal["pending", "applied", "failed"]
    at: datetime | None = Field(description="When it was applied.")
    position: int | None = Field(description="Journal position of the event it follows from; null: not sequenced yet.")


class Receipt(BaseModel):
    """What has become of a document's newest publish or withdrawal."""

    document: UUID
    version: int
    kind: str = Field(examples=["publication.document.published.v1"])
    accepted_at: datetime
    effects: list[Effect]

    @property
    def settled(self) -> bool:
        """Whether nothing is pending any more."""
        return all(effect.state != "pending" for effect in self.effects)


class DocumentAnswer(BaseModel):
    """Where a document stands after an act. The `ETag` header names its version for the next `If-Match`."""

    content_id: UUID
    version: int
    index_number: str = Field(description="索引号.", examples=["11990001MB00000115/2026-00012"])
    state: str = Field(description="State of the edition that the act was about.", examples=["draft"])
    path: str = Field(description="Where the public page data is once published.")
    propagation: Receipt | None = Field(None, description="With `Prefer: wait=N` on publish and withdraw.")
