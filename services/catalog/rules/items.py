"""What a disclosure item (公开事项) looks like: the columns of the national tables and the variants of the field."""

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, field_validator

from libs.common.errors import Malformed, Refusal
from libs.common.fields import Body, Code, Sentence, ShortText, Title
from libs.common.templates import LINK
from services.catalog.rules import LEVELS, GrassrootsLevel, cells

Stage = Literal["decision", "execution", "management", "service", "result"]
Confidence = Literal["sourced", "high", "medium", "low"]


def _of_an_office(phone: str) -> str:
    if re.fullmatch(r"1[3-9]\d{9}", phone):
        raise ValueError("请填写办公电话,不要填写个人手机号码")
    return phone


Phone = Annotated[str, StringConstraints(pattern=r"^[0-9]{3,12}(-[0-9]{3,8}){0,2}$"), AfterValidator(_of_an_office)]
"""A telephone of an office, with area code: `0990-6100001`, `12345`. A mobile number is somebody's own."""

Link = Annotated[str, StringConstraints(pattern=LINK)]
"""An address on the web."""


class FieldNameDiffers(Refusal):
    """The field already has another name, under which other items stand."""

    code, status, sentence = "field_name_differs", 409, "该领域已有其他名称。"


def _in_order(levels: list[GrassrootsLevel]) -> list[GrassrootsLevel]:
    """Each level once, from the top: the same levels are then the same content."""
    return sorted(set(levels), key=LEVELS.index)


def _stages_in_order(stages: list[Stage]) -> list[Stage]:
    return sorted(set(stages), key=get_args(Stage).index)


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
    optional_elements: list[Title] = Field(
        [], max_length=60, description="Of the content elements, those that are optional (可选, 〇).", examples=[[]]
    )
    channel_rule: Literal["each", "any"] = Field(
        "any",
        description="What a ticked channel means: each of them must be used (必选), or at least one (至少选择其一).",
        examples=["any"],
    )
    optional_channels: list[ShortText] = Field(
        [], max_length=30, description="Channels that may be used besides (□ 可选项).", examples=[["政务服务中心"]]
    )
    stages: Annotated[list[Stage], AfterValidator(_stages_in_order)] = Field(
        [],
        max_length=5,
        description="五公开: decision 决策, execution 执行, management 管理, service 服务, result 结果.",
        examples=[["decision"]],
    )
    item_type: Literal["service", "other"] | None = Field(
        None, description="事项类型: 政务服务事项 service, 非政务服务事项 other.", examples=["other"]
    )
    section: ShortText | None = Field(None, description="责任科室: the section in charge.", examples=["办公室"])
    enquiry_phone: Phone | None = Field(None, description="咨询电话, of an office.", examples=["0990-6100001"])
    complaint_phone: Phone | None = Field(None, description="监督举报电话, of an office.", examples=["0990-6100002"])
    link: Link | None = Field(None, description="Where what is disclosed stands (一键直达).", examples=[None])
    source: Sentence | None = Field(None, description="Where the row comes from (来源).", examples=["县级标准目录"])
    confidence: Confidence | None = Field(
        None,
        description="置信度 of the row: `sourced` rests on the catalog or law in `source`; `high`, `medium`, `low` were"
        " written from general knowledge of the field and are to be checked. Null: nobody said.",
        examples=["sourced"],
    )

    @field_validator("optional_elements")
    @classmethod
    def _as_they_stand(cls, optional: list[str], seen: ValidationInfo) -> list[str]:
        order: list[str] = seen.data.get("content_elements", [])
        return [name for name in order if name in optional] + [name for name in optional if name not in order]


class ItemEntry(ItemContent):
    """An item among many that are put in place together."""

    code: Code = Field(examples=["03001001"])
    version: int | None = Field(
        None, ge=1, le=2**62, description="The version that it replaces; null for a new item.", examples=[None]
    )


class Adopted(Body):
    """What became of many items."""

    created: int = Field(ge=0, examples=[240])
    changed: int = Field(ge=0, examples=[3])
    unchanged: int = Field(ge=0, examples=[0])


@contextlib.contextmanager
def at(place: str) -> Iterator[None]:
    """Refusals inside name the place of the entry in the body."""
    try:
        yield
    except Refusal as refusal:
        field = (refusal.field or "version").removeprefix("body.").removeprefix("path.")
        refusal.field = f"{place}.{field}"
        raise


def check_entries(entries: Sequence[ItemEntry]) -> None:
    """Raise Malformed when a code comes twice, or a field has two names."""
    codes: set[str] = set()
    names: dict[str, str] = {}
    for number, entry in enumerate(entries):
        if entry.code in codes:
            raise Malformed("同一编码出现两次。", field=f"body.items.{number}.code")
        codes.add(entry.code)
        if names.setdefault(entry.field, entry.field_name) != entry.field_name:
            raise Malformed("同一领域编码有两个名称。", field=f"body.items.{number}.field_name")


def _check_parts(name: str, parts: list[str], split: Callable[[str], list[str]]) -> None:
    for number, part in enumerate(parts):
        if split(part) != [part]:
            raise Malformed("一项中含有分号、换行、编号或勾选符号,请分成多项或去掉。", field=f"body.{name}.{number}")


def check_item(content: ItemContent) -> None:
    """Raise Malformed unless the columns fit together: audience and group, elements and channels and their options."""
    if (content.audience == "specific") != (content.audience_group is not None):
        raise Malformed("公开对象为特定群体时应写明是哪一群体,否则应为空。", field="body.audience_group")
    _check_parts("content_elements", content.content_elements, lambda part: cells.elements(part)[0])
    _check_parts("legal_basis", content.legal_basis, cells.legal_basis)
    for name in ("channels", "optional_channels"):
        _check_parts(name, getattr(content, name), lambda part: cells.channels(f"■{part}")[0])
    if set(content.optional_elements) - set(content.content_elements):
        raise Malformed("可选要素应是公开内容中的要素。", field="body.optional_elements")
    if set(content.optional_channels) & set(content.channels):
        raise Malformed("同一渠道不能既是必选又是可选。", field="body.optional_channels")


def check_field_name(known: str, given: str, *, has_other_items: bool) -> None:
    """Raise FieldNameDiffers: a field has one name. The only item of a field may still correct it."""
    if given != known and has_other_items:
        raise FieldNameDiffers(f"该领域已命名为“{known}”。", field="body.field_name")
