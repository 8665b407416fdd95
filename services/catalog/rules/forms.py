"""A content template for machines and for front ends: its JSON Schema, and the form that people fill in."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, Field

from libs.common.events import TemplateCell, TemplateField
from libs.common.templates import (
    DATE,
    LARGEST_NUMBER,
    LINK,
    MONEY,
    MONEY_NOT_NEGATIVE,
    MOST_ROWS,
    NOT_BLANK,
    PHONE,
)

Json = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LONG_TEXT = 100
"""From here on a text is written into an area of several lines."""


class FormCell(BaseModel):
    """How one value is asked for."""

    name: str = Field(description="Its key in what is entered.", examples=["area"])
    label: str = Field(description="What stands before it.", examples=["补贴面积"])
    widget: str = Field(
        description="input, textarea, number, money, date, select, url, tel or table.", examples=["number"]
    )
    unit: str | None = Field(description="What stands behind it.", examples=["亩"])
    required: bool = Field(description="Whether it must be filled in.", examples=[True])
    hint: str | None = Field(description="What helps who fills it in.", examples=["以确权面积为准"])
    choices: list[str] = Field(description="Of a select.", examples=[[]])


class FormField(FormCell):
    """How a field is asked for, in the order of the form."""

    columns: list[FormCell] = Field(description="Of a table, from the left.", examples=[[]])


def json_schema(title: str, fields: Sequence[TemplateField]) -> Json:
    """JSON Schema (2020-12) of what is entered; `multipleOf` is exact for readers that take numbers as decimals."""
    return {"$schema": _DIALECT, "title": title, **_record([(field, _schema(field)) for field in fields])}


def form(fields: Sequence[TemplateField]) -> list[FormField]:
    """The form, field by field."""
    return [FormField(**_asked(field), columns=[FormCell(**_asked(one)) for one in field.columns]) for field in fields]


def _record(parts: Sequence[tuple[TemplateCell, Json]]) -> Json:
    return {
        "type": "object",
        "properties": {column.name: schema for column, schema in parts},
        "required": [column.name for column, _ in parts if column.required],
        "additionalProperties": False,
    }


def _schema(field: TemplateField) -> Json:
    if field.type != "table":
        return _value(field)
    rows = _record([(column, _value(column)) for column in field.columns])
    return {"type": "array", "items": rows, "minItems": 1, "maxItems": MOST_ROWS, **_words(field)}


def _value(column: TemplateCell) -> Json:
    return {**_KINDS[column.type](column), **_words(column)}


def _words(column: TemplateCell) -> Json:
    unit = "元" if column.type == "money" else column.unit
    words = {"title": column.title, "description": column.hint, "x-unit": unit}
    return {name: word for name, word in words.items() if word is not None}


def _figure(kind: str, column: TemplateCell) -> Json:
    least = -LARGEST_NUMBER if column.minimum is None else column.minimum
    most = LARGEST_NUMBER if column.maximum is None else column.maximum
    return {"type": kind, "minimum": least, "maximum": most}


def _number(column: TemplateCell) -> Json:
    return {**_figure("number", column), "multipleOf": float(f"1e-{column.decimals or 0}")}


def _text(pattern: str) -> Json:
    return {"type": "string", "pattern": pattern}


_KINDS: dict[str, Callable[[TemplateCell], Json]] = {
    "text": lambda column: {**_text(NOT_BLANK), "maxLength": column.max_length},
    "integer": lambda column: _figure("integer", column),
    "number": _number,
    "money": lambda column: _text(MONEY if column.minimum is None else MONEY_NOT_NEGATIVE),
    "date": lambda _: {**_text(DATE), "format": "date"},
    "choice": lambda column: {"type": "string", "enum": column.choices},
    "link": lambda _: {**_text(LINK), "format": "uri"},
    "phone": lambda _: _text(PHONE),
}

_WIDGETS = {
    "text": "input",
    "integer": "number",
    "number": "number",
    "money": "money",
    "date": "date",
    "choice": "select",
    "link": "url",
    "phone": "tel",
    "table": "table",
}


def _asked(column: TemplateCell) -> Json:
    long = column.type == "text" and (column.max_length or 0) > _LONG_TEXT
    return {
        "name": column.name,
        "label": column.title,
        "widget": "textarea" if long else _WIDGETS[column.type],
        "unit": "元" if column.type == "money" else column.unit,
        "required": column.required,
        "hint": column.hint,
        "choices": column.choices,
    }
