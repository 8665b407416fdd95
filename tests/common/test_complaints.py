"""Validation errors become sentences for people, and repeat nothing that was sent."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import Field, ValidationError

from libs.common.complaints import MOST, complaints
from libs.common.fields import Body, Html, Sentence, Title


class Colour(StrEnum):
    """A closed list."""

    RED = "red"


class Form(Body):
    """One field of each type."""

    title: Title = "x"
    reason: Sentence = "x"
    count: Annotated[int, Field(ge=1, le=9)] = 1
    on: date = date(2026, 5, 8)
    sure: bool = True
    kind: Literal["a", "b"] = "a"
    colour: Colour = Colour.RED
    thing: UUID = UUID(int=0)
    many: Annotated[list[int], Field(max_length=2)] = []  # noqa: RUF012 - pydantic copies it
    body: Html = "x"


def said(sent: Any) -> list[dict[str, str]]:
    with pytest.raises(ValidationError) as refused:
        Form.model_validate(sent)
    return complaints(refused.value.errors())


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title", "", "不能为空"),
        ("title", "   ", "不能为空"),
        ("title", "字" * 301, "超过 300 个字"),
        ("title", 5, "应为文字"),
        ("count", "many", "应为整数"),
        ("count", 1.5, "应为整数"),
        ("count", 0, "不能小于 1"),
        ("count", 10, "不能大于 9"),
        ("on", "2026-13-01", "日期应写作 2026-11-22"),
        ("on", [], "日期应写作 2026-11-22"),
        ("sure", "perhaps", "应为 true 或 false"),
        ("kind", "c", "只能是 'a' or 'b'"),
        ("colour", "blue", "只能是 'red'"),
        ("thing", "12", "不是有效的编号"),
        ("many", [1, 2, 3], "最多 2 项"),
        ("many", "1,2", "应为列表"),
        ("unknown", 1, "不认识的字段"),
        ("body", "<div>" * 101, "正文的标签嵌套过深或没有闭合,请清除格式后重试。"),
    ],
)
def test_each_fault_has_its_sentence(field: str, value: object, sentence: str) -> None:
    assert said({field: value}) == [{"field": field, "message": sentence}]


@pytest.mark.parametrize(
    "sent", [{"title": "a\x00b"}, {"many": ["\x00"]}, {"x\x00": 1}, {"thing": {"deep": [{"er": "\x00"}]}}]
)
def test_the_nul_character_is_refused_wherever_it_is(sent: dict[str, object]) -> None:
    assert said(sent) == [{"field": "", "message": "含有不允许的空字符"}]


def test_a_body_is_an_object() -> None:
    assert said([])[0]["message"] == "应为 JSON 对象"


def test_what_was_sent_is_not_repeated() -> None:
    found = said({"title": 13800138000, "kind": "13800138000", "thing": "13800138000", "on": "13800138000x"})
    assert len(found) == 4
    assert "13800138000" not in str(found)


def test_at_most_twenty_are_told_and_paths_stay_short() -> None:
    found = said({f"{n}{'x' * 200}": 1 for n in range(50)})
    assert len(found) == MOST
    assert all(len(complaint["field"]) <= 60 for complaint in found)


def test_a_kind_of_error_without_a_sentence_of_its_own() -> None:
    assert complaints([{"type": "new_in_pydantic", "loc": ("body", 3, "x")}]) == [
        {"field": "body.3.x", "message": "格式不正确"}
    ]
    assert complaints([{"type": "too_long", "loc": ("body",), "ctx": {}}])[0]["message"] == "格式不正确"
