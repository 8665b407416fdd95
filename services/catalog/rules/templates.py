"""The content template of an item (专项公开内容模板): what is published under it field by field, not as prose alone."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from libs.common.encode import json_bytes
from libs.common.errors import Malformed, TooLarge
from libs.common.events import TemplateColumn, TemplateField
from libs.common.fields import Body, ShortText, Title
from libs.common.templates import (
    LARGEST_CONTENT,
    LARGEST_NUMBER,
    LONGEST_TEXT,
    MOST_COLUMNS,
    MOST_DECIMALS,
    MOST_FIELDS,
    NAME,
    USUAL_DECIMALS,
    USUAL_TEXT,
    ColumnType,
    FieldType,
)

Name = Annotated[str, StringConstraints(pattern=NAME)]
Bound = Annotated[int, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]


class CellContent(Body):
    """What is said of a field or of a column of a table."""

    name: Name = Field(description="Key in what is entered. It stays, whatever the title.", examples=["area"])
    title: ShortText = Field(description="Name for people.", examples=["补贴面积"])
    type: FieldType = Field(
        description="text; integer; number; money: yuan with two decimals, as a text (`1200.00`); date: `2026-11-22`;"
        " choice: one of `choices`; link: an address on the web; phone: of an office; table: a list of records, as a"
        " list of payments is (逐项逐笔).",
        examples=["number"],
    )
    unit: ShortText | None = Field(None, description="Of an integer or number: 亩, 人, 万元.", examples=["亩"])
    required: bool = Field(False, description="Whether it must be there.", examples=[True])
    choices: list[ShortText] = Field([], max_length=50, description="What a choice may be.", examples=[[]])
    max_length: int | None = Field(
        None, ge=1, le=LONGEST_TEXT, description=f"Of a text; {USUAL_TEXT} where it is not said.", examples=[None]
    )
    minimum: Bound | None = Field(
        None, description="Of an integer or number; money takes 0 alone: it is not negative then.", examples=[0]
    )
    maximum: Bound | None = Field(None, description="Of an integer or number.", examples=[None])
    decimals: int | None = Field(
        None,
        ge=0,
        le=MOST_DECIMALS,
        description=f"Of a number: how many at most; {USUAL_DECIMALS} where it is not said.",
        examples=[2],
    )
    hint: Title | None = Field(None, description="Beside the field, for who fills it in.", examples=["以确权面积为准"])


class ColumnContent(CellContent):
    """A column of a table."""

    type: ColumnType = Field(description="As of a field; no table.", examples=["number"])


class FieldContent(CellContent):
    """A field."""

    columns: list[ColumnContent] = Field([], max_length=MOST_COLUMNS, description="Of a table.", examples=[[]])


class TemplateContent(Body):
    """A content template."""

    fields: list[FieldContent] = Field(
        max_length=MOST_FIELDS,
        description="In the order of the form. An empty list removes the template.",
        examples=[[{"name": "area", "title": "补贴面积", "type": "number", "unit": "亩", "required": True}]],
    )


def complete(content: TemplateContent) -> list[TemplateField]:
    """The fields with what is meant where nothing is said. Raises Malformed where they do not fit, or TooLarge."""
    _check_names(content.fields, "body.fields")
    fields = [_complete(field, f"body.fields.{number}") for number, field in enumerate(content.fields)]
    if len(json_bytes([field.model_dump() for field in fields])) > LARGEST_CONTENT:
        raise TooLarge("模板过大,请减少字段、选项或提示文字。", field="body.fields")
    return fields


def _complete(field: FieldContent, at: str) -> TemplateField:
    _check(field, at)
    if (field.type == "table") != bool(field.columns):
        raise Malformed("表格应有列;只有表格可以有列。", field=f"{at}.columns")
    _check_names(field.columns, f"{at}.columns")
    for number, column in enumerate(field.columns):
        _check(column, f"{at}.columns.{number}")
    columns = [TemplateColumn(**_told(column)) for column in field.columns]
    return TemplateField(**{**_told(field), "columns": columns})


def _told(field: CellContent) -> dict[str, Any]:
    told = field.model_dump()
    if field.type == "text" and field.max_length is None:
        told["max_length"] = USUAL_TEXT
    if field.type == "number" and field.decimals is None:
        told["decimals"] = USUAL_DECIMALS
    return told


def _check_names(fields: Sequence[CellContent], at: str) -> None:
    seen: set[str] = set()
    for number, field in enumerate(fields):
        if field.name in seen:
            raise Malformed("同一字段名出现两次。", field=f"{at}.{number}.name")
        seen.add(field.name)


def _check(field: CellContent, at: str) -> None:
    """Raise Malformed for what the type has no use for: it would promise a check that nobody makes."""
    is_figure = field.type in ("integer", "number")
    if field.unit is not None and not is_figure:
        raise Malformed("只有整数和数值可以有单位。", field=f"{at}.unit")
    if (field.type == "choice") != bool(field.choices):
        raise Malformed("选项类型应列出选项;其他类型不能有选项。", field=f"{at}.choices")
    if len(set(field.choices)) < len(field.choices):
        raise Malformed("同一选项出现两次。", field=f"{at}.choices")
    if field.max_length is not None and field.type != "text":
        raise Malformed("只有文字可以限定字数。", field=f"{at}.max_length")
    if field.decimals is not None and field.type != "number":
        raise Malformed("只有数值可以限定小数位数。", field=f"{at}.decimals")
    if field.minimum is not None and not is_figure and (field.type, field.minimum) != ("money", 0):
        raise Malformed("只有整数和数值可以限定最小值;金额只能限定不小于 0。", field=f"{at}.minimum")
    if field.maximum is not None and not is_figure:
        raise Malformed("只有整数和数值可以限定最大值。", field=f"{at}.maximum")
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        raise Malformed("最小值不能大于最大值。", field=f"{at}.minimum")
