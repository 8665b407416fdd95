"""What a document says field by field: whether it fits the content template of its item (专项公开内容模板).

A draft may be half filled in, so its content is only bounded. It must fit when it is handed in for review.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, WithJsonSchema

from libs.common.errors import Refusal
from libs.common.events import TemplateCell, TemplateField
from libs.common.templates import (
    DATE,
    LARGEST_CONTENT,
    LARGEST_NUMBER,
    LINK,
    LONGEST_TEXT,
    MONEY,
    MONEY_NOT_NEGATIVE,
    MOST_COLUMNS,
    MOST_FIELDS,
    MOST_ROWS,
    NAME,
    PHONE,
)

_MOST_FAULTS = 20
_LONGEST_LIST = 60
_FIELD = "body.structured"
_SCANNED = {"text", "integer", "number", "link", "phone"}
"""Types that a personal number fits into. An amount of money with its two decimals is none."""


class NotAsTemplate(Refusal):
    """The structured content is not what the template of the item asks for."""

    code, status, sentence = "not_as_template", 422, "结构化内容不符合该公开事项的内容模板,请按提示修改。"


@dataclass(frozen=True)
class Template:
    """The template of an item, as it was heard last."""

    version: int
    fields: Sequence[TemplateField]


@dataclass(frozen=True)
class Fault:
    """What does not fit: the path of the field, and a sentence."""

    field: str
    message: str


def check_structured(template: Template | None, content: Mapping[str, Any] | None) -> None:
    """Raise NotAsTemplate, with every fault (up to 20), unless content and template fit each other."""
    if template is None or content is None:
        if content is not None:
            raise NotAsTemplate("该公开事项没有内容模板,请去掉结构化内容。", field=_FIELD)
        if template is not None:
            raise NotAsTemplate("该公开事项有内容模板,请按模板填写结构化内容。", field=_FIELD)
        return
    if found := list(_faults(template.fields, content, _FIELD)):
        raise NotAsTemplate(errors=[{"field": f.field, "message": f.message} for f in found[:_MOST_FAULTS]])


def texts_of(template: Template | None, content: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """What of fitting content may hold a personal number: (field path, plain text)."""
    for field in template.fields if template and content else ():
        value = (content or {}).get(field.name)
        rows = value if field.type == "table" and value else []
        if field.type in _SCANNED and value is not None:
            yield f"{_FIELD}.{field.name}", str(value)
        for number, row in enumerate(rows):
            for column in field.columns:
                if column.type in _SCANNED and column.name in row:
                    yield f"{_FIELD}.{field.name}.{number}.{column.name}", str(row[column.name])


def _faults(fields: Sequence[TemplateCell], content: Mapping[str, Any], at: str) -> Iterator[Fault]:
    for field in fields:
        if field.name in content:
            yield from _wrong(field, content[field.name], f"{at}.{field.name}")
        elif field.required:
            yield Fault(f"{at}.{field.name}", f"请填写“{field.title}”。")
    for name in content.keys() - {field.name for field in fields}:
        yield Fault(f"{at}.{name}", "模板中没有这一项,请去掉。")


def _wrong(field: TemplateCell, value: Any, at: str) -> Iterator[Fault]:
    if isinstance(field, TemplateField) and field.type == "table":
        if not isinstance(value, list) or not value:
            yield Fault(at, f"“{field.title}”应为表格,至少有一行。")
            return
        for number, row in enumerate(value):
            yield from _faults(field.columns, row, f"{at}.{number}")
    elif complaint := _complaint(field, value):
        yield Fault(at, f"“{field.title}”{complaint}。")


def _complaint(field: TemplateCell, value: Any) -> str | None:
    if field.type in ("integer", "number"):
        return _figure(field, value)
    if not isinstance(value, str):
        return "应填写文字"
    if not value.strip():
        return "不能为空"
    return _writing(field, value)


def _writing(field: TemplateCell, value: str) -> str | None:
    match field.type:
        case "text":
            most = field.max_length or LONGEST_TEXT
            return f"不能超过 {most} 个字" if len(value) > most else None
        case "choice":
            return None if value in field.choices else _one_of(field.choices)
        case "date":
            return None if re.fullmatch(DATE, value) and _is_day(value) else "应为日期,例如 2026-11-22"
        case "money":
            if not re.fullmatch(MONEY, value):
                return "应为金额(元),写两位小数,例如 1200.00"
            return None if field.minimum is None or re.fullmatch(MONEY_NOT_NEGATIVE, value) else "不能为负数"
        case "link":
            return None if re.fullmatch(LINK, value) else "应为网址,以 http:// 或 https:// 开头"
        case _:
            return None if re.fullmatch(PHONE, value) else "应为办公电话,例如 0990-6100001,不要填写手机号码"


def _one_of(choices: Sequence[str]) -> str:
    listed = "、".join(choices)
    return f"只能选择:{listed}" if len(listed) <= _LONGEST_LIST else "不在可选的选项之中"


def _figure(field: TemplateCell, value: Any) -> str | None:
    """Numbers are told as they are written: 0.07 has two decimals, whatever its binary form."""
    unit = f"(单位:{field.unit})" if field.unit else ""
    if not _is_number(value):
        return f"应填写数字{unit}"
    written = Decimal(str(value))
    if field.type == "integer" and written % 1:
        return f"应为整数{unit}"
    if field.type == "number" and written % Decimal(1).scaleb(-(field.decimals or 0)):
        return f"最多 {field.decimals or 0} 位小数{unit}"
    if field.minimum is not None and written < field.minimum:
        return f"不能小于 {field.minimum}{unit}"
    if field.maximum is not None and written > field.maximum:
        return f"不能大于 {field.maximum}{unit}"
    return None


def _is_day(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and -LARGEST_NUMBER <= value <= LARGEST_NUMBER


def _bounded(content: dict[str, Any]) -> dict[str, Any]:
    """The content of a draft. Raises ValueError, with a sentence for people, for what no template could ask for."""
    if not _is_record(content, MOST_FIELDS, tables=True):
        raise ValueError("结构化内容只能由文字、数字和表格组成,字段名用小写英文字母、数字和下划线")
    try:
        size = len(orjson.dumps(content))
    except orjson.JSONEncodeError as error:
        raise ValueError("含有无法识别的字符") from error
    if size > LARGEST_CONTENT:
        raise ValueError(f"结构化内容不能超过 {LARGEST_CONTENT // 1024} KB,请将明细放入附件")
    return content


def _is_record(value: Any, most: int, *, tables: bool = False) -> bool:
    if not isinstance(value, dict) or len(value) > most:
        return False
    return all(
        re.fullmatch(NAME, name) and (_is_plain(inner) or (tables and _is_table(inner)))
        for name, inner in value.items()
    )


def _is_plain(value: Any) -> bool:
    return len(value) <= LONGEST_TEXT if isinstance(value, str) else _is_number(value)


def _is_table(value: Any) -> bool:
    is_list = isinstance(value, list) and len(value) <= MOST_ROWS
    return is_list and all(_is_record(row, MOST_COLUMNS) for row in value)


_NAMES = {"propertyNames": {"type": "string", "pattern": NAME}}
_PLAIN = [
    {"type": "string", "maxLength": LONGEST_TEXT},
    {"type": "number", "minimum": -LARGEST_NUMBER, "maximum": LARGEST_NUMBER},
]
_ROW = {"type": "object", **_NAMES, "maxProperties": MOST_COLUMNS, "additionalProperties": {"anyOf": _PLAIN}}
_TABLE = {"type": "array", "maxItems": MOST_ROWS, "items": _ROW}
_SCHEMA = {
    "type": "object",
    **_NAMES,
    "maxProperties": MOST_FIELDS,
    "additionalProperties": {"anyOf": [*_PLAIN, _TABLE]},
}

Structured = Annotated[dict[str, Any], AfterValidator(_bounded), WithJsonSchema(_SCHEMA)]
"""What is entered field by field, of a size that the platform carries; whether it fits is another question."""
