"""Validation errors as sentences that a clerk understands."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

MOST = 20
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")  # what else stands for a field's name is text of the sender
_SENTENCES = {
    "missing": "必填",
    "extra_forbidden": "不认识的字段",
    "json_invalid": "不是有效的 JSON",
    "string_type": "应为文字",
    "string_too_short": "不能为空",
    "string_too_long": "超过 {max_length} 个字",
    "string_pattern_mismatch": "格式不正确",
    "string_unicode": "含有无法识别的字符",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "literal_error": "只能是 {expected}",
    "enum": "只能是 {expected}",
    "uuid_parsing": "不是有效的编号",
    "uuid_type": "不是有效的编号",
    "date_from_datetime_parsing": "日期应写作 2026-11-22",
    "date_parsing": "日期应写作 2026-11-22",
    "date_type": "日期应写作 2026-11-22",
    "list_type": "应为列表",
    "dict_type": "应为对象",
    "model_attributes_type": "应为 JSON 对象",
    "model_type": "应为 JSON 对象",
    "too_long": "最多 {max_length} 项",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
}


def complaints(found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """The first 20 validation errors as {field, message}. What was sent is never repeated: it may be personal."""
    return [{"field": _path(error["loc"]), "message": _sentence(error)} for error in found[:MOST]]


def _path(location: Sequence[str | int]) -> str:
    return ".".join(str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "?" for part in location[:8])


def _sentence(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "value_error":
        said = str(context.get("error", ""))
        return "含有不允许的空字符" if said == "nul_character" else said or "内容不正确"
    try:
        return _SENTENCES.get(kind, "格式不正确").format(**context)
    except (KeyError, IndexError):
        return "格式不正确"
