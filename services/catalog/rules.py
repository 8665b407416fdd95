"""Pure decisions of catalog: what regions, organisations and items look like, and who keeps them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from libs.common import regions
from libs.common.errors import Forbidden, Malformed, Refusal, StaleVersion, VersionRequired
from libs.common.fields import Body, Code, Sentence, ShortText, Title
from libs.common.identifiers import is_uscc
from libs.common.permission import Actor, Grants, Role, grant
from libs.common.regions import RegionCode

GRANTS: Grants = {
    "catalog.put_region": grant(Role.ADMINISTRATOR),
    "catalog.put_organisation": grant(Role.ADMINISTRATOR),
    "catalog.put_item": grant(Role.ADMINISTRATOR),
}

GrassrootsLevel = Literal["county", "town", "village"]
"""The levels that publish: 国办发〔2019〕54号 is about counties, towns and, by extension, villages (基层)."""

_LEVELS = ("county", "town", "village")


class FieldNameDiffers(Refusal):
    """The field already has another name, under which other items stand."""

    code, status, sentence = "field_name_differs", 409, "该领域已有其他名称。"


class HasSubordinates(Refusal):
    """An organisation moves without its subordinates only, since their paths lead through it."""

    code, status, sentence = "has_subordinates", 409, "该机构还有下级机构,请先调整下级机构。"


def _checked_uscc(code: str) -> str:
    if not is_uscc(code):
        raise ValueError("统一社会信用代码不正确,请核对 18 位代码及其校验位")
    return code


def _in_order(levels: list[GrassrootsLevel]) -> list[GrassrootsLevel]:
    """Each level once, from the top: the same levels are then the same content."""
    return sorted(set(levels), key=_LEVELS.index)


class RegionContent(Body):
    """What is said of a region."""

    name: ShortText = Field(description="Name in full.", examples=["晨曦镇"])
    level: GrassrootsLevel = Field(description="Must be the level that the code tells.", examples=["town"])
    parent: RegionCode | None = Field(
        None,
        description="The county of a town, the town of a village; null for a county.",
        examples=["990001000000"],
    )


class OrganisationContent(Body):
    """What is said of an organisation."""

    name: ShortText = Field(description="Name in full.", examples=["阳光县教育局"])
    short_name: ShortText = Field(description="Name in running text.", examples=["县教育局"])
    doc_prefix: ShortText | None = Field(None, description="机关代字 of its document numbers.", examples=["阳教发"])
    uscc: Annotated[str, AfterValidator(_checked_uscc)] = Field(
        description="Unified social credit code (GB 32100-2015) in capitals; its check character must fit.",
        examples=["11990001MB0Y003A20"],
        json_schema_extra={"pattern": "^[0-9A-Z]{18}$"},
    )
    region: RegionCode = Field(description="The region that it works for.", examples=["990001000000"])
    parent: Code | None = Field(None, description="The organisation above; null for a root.", examples=["990001-zf"])


class ItemContent(Body):
    """What is said of an item. Lists are bounded so that an item always fits into one event."""

    field: Code = Field(description="Code of the field (领域).", examples=["03"])
    field_name: ShortText = Field(description="Name of the field; one per code.", examples=["义务教育"])
    level1_item: Title = Field(description="一级事项.", examples=["政策文件"])
    level2_item: Title = Field(description="二级事项.", examples=["规范性文件"])
    level3_item: Title | None = Field(None, description="三级事项, where the catalog has one.", examples=[None])
    content_elements: list[Title] = Field(
        min_length=1, max_length=60, description="公开内容(要素).", examples=[["文件名称", "文号", "正文"]]
    )
    legal_basis: list[Title] = Field(max_length=30, description="公开依据.", examples=[["《政府信息公开条例》"]])
    time_limit: Title = Field(description="公开时限 as worded.", examples=["信息形成之日起20个工作日内"])
    responsible_body: Title = Field(description="公开主体.", examples=["县级教育部门"])
    channels: list[ShortText] = Field(
        min_length=1, max_length=30, description="公开渠道和载体.", examples=[["政府网站", "两微一端"]]
    )
    audience: Literal["all", "specific"] = Field(
        description="公开对象: 全社会 all, 特定群体 specific.", examples=["all"]
    )
    audience_group: Title | None = Field(None, description="Which 特定群体.", examples=[None])
    disclosure_method: Literal["proactive", "on_request"] = Field(
        description="公开方式: 主动 proactive, 依申请 on_request.", examples=["proactive"]
    )
    levels: Annotated[list[GrassrootsLevel], AfterValidator(_in_order)] = Field(
        min_length=1,
        max_length=3,
        description="公开层级: who must publish it.",
        examples=[["county", "town"]],
    )
    source: Sentence | None = Field(None, description="Where the row comes from.", examples=["县级标准目录"])


def check_region(code: str, content: RegionContent) -> None:
    """Raise Malformed unless level and parent are those that the code tells.

    A county stands alone; so does a town of a city without counties: levels above are not kept here.
    """
    if content.level != regions.level(code):
        raise Malformed("层级与行政区划代码不符。", field="body.level")
    above = next((a for a in regions.ancestors(code) if regions.level(a) in _LEVELS), None)
    if content.parent != above:
        fitting = f"应为 {above}" if above else "应为空"
        raise Malformed(f"上级区划与行政区划代码不符,{fitting}。", field="body.parent")


def check_item(content: ItemContent) -> None:
    """Raise Malformed unless a group is named exactly when the audience is a specific one."""
    if (content.audience == "specific") != (content.audience_group is not None):
        raise Malformed("公开对象为特定群体时应写明是哪一群体,否则应为空。", field="body.audience_group")


def check_keeps_catalog(actor: Actor) -> None:
    """Raise Forbidden below the county: the county government compiles the catalog (国办发〔2019〕54号)."""
    if regions.level(actor.region) in ("town", "village"):
        raise Forbidden("标准目录由县级政府编制,乡镇、村不能修改。")


def check_seen(version: int | None, seen: int | None) -> None:
    """Insist that the caller saw what is there. `version` None: nothing is; `seen` None: none was named.

    Raises VersionRequired when something is there and none was named, else StaleVersion when they differ.
    """
    if version is not None and seen is None:
        raise VersionRequired
    if version != seen:
        raise StaleVersion


def check_field_name(known: str, given: str, *, has_other_items: bool) -> None:
    """Raise FieldNameDiffers: a field has one name. The only item of a field may still correct it."""
    if given != known and has_other_items:
        raise FieldNameDiffers(f"该领域已命名为“{known}”。", field="body.field_name")
