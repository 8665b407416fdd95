"""What a disclosure item (公开事项) looks like: the columns of the national tables and the variants of the field."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from libs.common.errors import Malformed, Refusal
from libs.common.fields import Body, Code, Sentence, ShortText, Title
from services.catalog.rules import LEVELS, GrassrootsLevel

Stage = Literal["decision", "execution", "management", "service", "result"]


def _of_an_office(phone: str) -> str:
    if re.fullmatch(r"1[3-9]\d{9}", phone):
        raise ValueError("请填写办公电话,不要填写个人手机号码")
    return phone


Phone = Annotated[str, StringConstraints(pattern=r"^[0-9]{3,12}(-[0-9]{3,8}){0,2}$"), AfterValidator(_of_an_office)]
"""A telephone of an office, with area code: `0990-6100001`, `12345`. A mobile number is somebody's own."""

Link = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"'<>]{3,480}$")]
"""An address on the web."""


class FieldNameDiffers(Refusal):
    """The field already has another name, under which other items stand."""

    code, status, sentence = "field_name_differs", 409, "该领域已有其他名称。"


def _in_order(levels: list[GrassrootsLevel]) -> list[GrassrootsLevel]:
    """Each level once, from the top: the same levels are then the same content."""
    return sorted(set(levels), key=LEVELS.index)


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
    stages: list[Stage] = Field(
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
    source: Sentence | None = Field(None, description="Where the row comes from.", examples=["县级标准目录"])


def check_item(content: ItemContent) -> None:
    """Raise Malformed unless the columns fit together: audience and group, elements and channels and their options."""
    if (content.audience == "specific") != (content.audience_group is not None):
        raise Malformed("公开对象为特定群体时应写明是哪一群体,否则应为空。", field="body.audience_group")
    if set(content.optional_elements) - set(content.content_elements):
        raise Malformed("可选要素应是公开内容中的要素。", field="body.optional_elements")
    if set(content.optional_channels) & set(content.channels):
        raise Malformed("同一渠道不能既是必选又是可选。", field="body.optional_channels")


def check_field_name(known: str, given: str, *, has_other_items: bool) -> None:
    """Raise FieldNameDiffers: a field has one name. The only item of a field may still correct it."""
    if given != known and has_other_items:
        raise FieldNameDiffers(f"该领域已命名为“{known}”。", field="body.field_name")
