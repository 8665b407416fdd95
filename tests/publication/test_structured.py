"""What documents say field by field: it must fit the template of their item when it is handed in for review."""

from typing import Any

import httpx
import pytest

from libs.common import personal_data
from libs.common.errors import PersonalDataFound
from libs.common.events import TemplateField
from services.catalog.rules.templates import TemplateContent, complete
from services.publication.rules.structured import NotAsTemplate, Template, check_structured, texts_of
from tests.documents import Life, body
from tests.platform import Platform
from tests.templates import FITTING, PAYMENTS, put_template

Json = dict[str, Any]
CELLS: dict[str, Json] = {
    "text": {"type": "text", "max_length": 4},
    "integer": {"type": "integer", "minimum": 0, "maximum": 10, "unit": "户"},
    "number": {"type": "number", "decimals": 2, "minimum": -5},
    "money": {"type": "money"},
    "income": {"type": "money", "minimum": 0},
    "date": {"type": "date"},
    "choice": {"type": "choice", "choices": ["已发放", "未发放"]},
    "link": {"type": "link"},
    "phone": {"type": "phone"},
    "table": {"type": "table", "columns": [{"name": "name", "title": "户主", "type": "text", "required": True}]},
}


def template(**cell: Any) -> Template:
    """A template of one field."""
    return Template(1, [TemplateField.model_validate({"name": "it", "title": "这一项", **cell})])


def complaints(of: Template | None, content: Json | None) -> dict[str, str]:
    """What is complained of, by field."""
    try:
        check_structured(of, content)
    except NotAsTemplate as refusal:
        listed = refusal.facts.get("errors") or [{"field": refusal.field, "message": refusal.detail}]
        return {fault["field"]: fault["message"] for fault in listed}
    return {}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "四个字吗"),
        ("integer", 0),
        ("integer", 10),
        ("integer", 3.0),
        ("number", 0.07),
        ("number", -5),
        ("number", 999_999_999_999.99),
        ("money", "-12.30"),
        ("income", "0.00"),
        ("income", "999999999999.99"),
        ("date", "2028-02-29"),
        ("choice", "未发放"),
        ("link", "https://例子.中国/政策?a=1"),
        ("phone", "12345"),
        ("phone", "0990-6100001-123"),
        ("table", [{"name": "王*"}]),
    ],
)
def test_what_fits(kind: str, value: Any) -> None:
    assert complaints(template(**CELLS[kind]), {"it": value}) == {}


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        ("text", "五个字太长", "不能超过 4 个字"),
        ("text", " ", "不能为空"),
        ("text", 5, "应填写文字"),
        ("text", ["甲"], "应填写文字"),
        ("integer", "3", "应填写数字(单位:户)"),
        ("integer", 3.5, "应为整数(单位:户)"),
        ("integer", True, "应填写数字(单位:户)"),
        ("integer", -1, "不能小于 0(单位:户)"),
        ("integer", 11, "不能大于 10(单位:户)"),
        ("number", 0.071, "最多 2 位小数"),
        ("number", float("nan"), "应填写数字"),
        ("number", 10**13, "应填写数字"),
        ("money", "12", "应为金额(元),写两位小数,例如 1200.00"),
        ("money", "1,200.00", "应为金额(元),写两位小数,例如 1200.00"),
        ("money", "01.00", "应为金额(元),写两位小数,例如 1200.00"),
        ("money", "12.30\n", "应为金额(元),写两位小数,例如 1200.00"),
        ("money", 12.3, "应填写文字"),
        ("income", "-0.01", "不能为负数"),
        ("date", "2026-02-29", "应为日期,例如 2026-11-22"),
        ("date", "2026年2月1日", "应为日期,例如 2026-11-22"),
        ("date", "20260201", "应为日期,例如 2026-11-22"),
        ("choice", "发放中", "只能选择:已发放、未发放"),
        ("link", "javascript:alert(1)", "应为网址,以 http:// 或 https:// 开头"),
        ("phone", "13812345678", "应为办公电话,例如 0990-6100001,不要填写手机号码"),
        ("table", [], "应为表格,至少有一行"),
        ("table", "王*", "应为表格,至少有一行"),
    ],
)
def test_what_does_not_fit(kind: str, value: Any, sentence: str) -> None:
    assert complaints(template(**CELLS[kind]), {"it": value}) == {"body.structured.it": f"“这一项”{sentence}。"}


def test_every_fault_is_told_with_its_place() -> None:
    found = complaints(
        Template(1, complete(TemplateContent.model_validate(PAYMENTS))),
        {"remark": "多出来的", "payments": [FITTING["payments"][0], {"amount": "1.00", "other": 1}]},
    )
    assert found == {
        "body.structured.batch": "请填写“发放批次”。",
        "body.structured.payments.1.household": "请填写“户主”。",
        "body.structured.payments.1.other": "模板中没有这一项,请去掉。",
        "body.structured.remark": "模板中没有这一项,请去掉。",
    }


def test_a_long_list_of_choices_is_not_told_again() -> None:
    many = template(type="choice", choices=[f"第{number}村民小组" for number in range(50)])
    assert complaints(many, {"it": "外村"}) == {"body.structured.it": "“这一项”不在可选的选项之中。"}


def test_content_and_template_go_together() -> None:
    assert complaints(None, None) == {}
    assert complaints(None, {}).keys() == {"body.structured"}
    assert complaints(template(type="text"), None).keys() == {"body.structured"}
    assert complaints(template(type="text"), {}) == {}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("text", "电话13812345678"), ("integer", 13_812_345_678), ("link", "https://a.cn/?p=13812345678")],
)
def test_personal_numbers_are_looked_for_in_every_field_that_can_hold_one(kind: str, value: Any) -> None:
    with pytest.raises(PersonalDataFound) as found:
        personal_data.refuse(texts_of(template(type=kind), {"it": value}))
    assert found.value.field == "body.structured.it"


def test_an_amount_is_no_number_of_a_person() -> None:
    assert list(texts_of(template(type="money"), {"it": "13812345678.00"})) == []


async def submitted(life: Life) -> httpx.Response:
    """The answer to handing a draft in."""
    answer: httpx.Response = await life.act("submit", ok=False)
    return answer


async def test_structured_content_is_published_with_the_template_of_its_time(seeded: Platform) -> None:
    await put_template(seeded)
    life = await Life.published(seeded, structured=FITTING)
    changed = {"fields": [{**PAYMENTS["fields"][0], "title": "批次"}]}
    assert (await put_template(seeded, changed, seen=1)).json()["version"] == 2
    page = (await life.page()).json()
    assert page["structured"] == FITTING
    assert page["template"]["version"] == 1
    assert page["template"]["fields"][0]["title"] == "发放批次"

    headers = {**life.editor, "If-Match": f'"v{life.version}"'}
    revised = {**body(), "structured": {"batch": "第二批"}}
    path = f"/publication/documents/{life.id}"
    answer = await seeded.client.post(f"{path}/editions", json=revised, headers=headers)
    life.version = answer.json()["version"]
    unchanged = (await life.page()).json()
    assert (unchanged["structured"], unchanged["template"]) == (page["structured"], page["template"])
    await life.approved()
    await life.act("publish")
    page = (await life.page()).json()
    assert (page["structured"], page["template"]["version"]) == ({"batch": "第二批"}, 2)
    await life.act("withdraw", {"kind": "notice", "reason": "已废止"}, life.reviewer)
    assert {"structured", "template"}.isdisjoint((await life.page()).json())


async def test_a_document_of_an_item_without_a_template_has_none(seeded: Platform) -> None:
    page = (await (await Life.published(seeded)).page()).json()
    assert (page["structured"], page["template"]) == (None, None)
    refused = await submitted(await Life.draft(seeded, structured=FITTING))
    assert (refused.status_code, refused.json()["code"]) == (422, "not_as_template")
    assert refused.json()["errors"][0]["field"] == "body.structured"


async def test_a_draft_may_be_half_filled_in_and_must_fit_when_it_is_submitted(seeded: Platform) -> None:
    await put_template(seeded)
    assert (await submitted(await Life.draft(seeded))).json()["code"] == "not_as_template"
    life = await Life.draft(seeded, structured={"households": 0, "remark": "甲"})
    draft = (await seeded.client.get(f"/publication/documents/{life.id}/draft", headers=life.editor)).json()
    assert (draft["structured"], draft["template_version"]) == ({"households": 0, "remark": "甲"}, None)
    refused = await submitted(life)
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"field": "body.structured.batch", "message": "请填写“发放批次”。"},
        {"field": "body.structured.households", "message": "“户数”不能小于 1(单位:户)。"},
        {"field": "body.structured.remark", "message": "模板中没有这一项,请去掉。"},
    ]
    mended = {**body(), "structured": FITTING}
    headers = {**life.editor, "If-Match": f'"v{life.version}"'}
    answer = await seeded.client.put(f"/publication/documents/{life.id}", json=mended, headers=headers)
    life.version = answer.json()["version"]
    await life.act("submit")
    draft = (await seeded.client.get(f"/publication/documents/{life.id}/draft", headers=life.editor)).json()
    assert (draft["structured"], draft["template_version"]) == (FITTING, 1)


async def test_a_removed_template_asks_for_nothing(seeded: Platform) -> None:
    await put_template(seeded)
    life = await Life.draft(seeded, structured=FITTING)
    await put_template(seeded, {"fields": []}, seen=1)
    assert (await submitted(life)).json()["code"] == "not_as_template"
    await (await Life.draft(seeded)).act("submit")


async def test_personal_numbers_in_structured_content_are_refused(seeded: Platform) -> None:
    await put_template(seeded)
    payments = [*FITTING["payments"], {"household": "王*138 1234 5678", "amount": "1.00"}]
    refused = await submitted(await Life.draft(seeded, structured={**FITTING, "payments": payments}))
    assert (refused.status_code, refused.json()["code"]) == (422, "personal_data_found")
    assert refused.json()["errors"][0]["field"] == "body.structured.payments.2.household"


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        '{"Area": 1}',
        '{"面积": 1}',
        '{"a": null}',
        '{"a": true}',
        '{"a": {"b": 1}}',
        '{"a": [1]}',
        '{"a": [{"b": [{"c": 1}]}]}',
        '{"a": 1e13}',
        '{"a": 1' + "0" * 400 + "}",
        '{"a": NaN}',
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        '{"a": "' + "长" * 2001 + '"}',
        '{"a": [' + ",".join(['{"b": 1}'] * 501) + "]}",
        '{"a": [{' + ",".join(f'"b{n}": 1' for n in range(21)) + "}]}",
        "{" + ",".join(f'"a{n}": 1' for n in range(41)) + "}",
        "{" + ",".join(f'"a{n}": "{"长" * 2000}"' for n in range(12)) + "}",
        '{"a": ' + "[" * 5_000 + "]" * 5_000 + "}",
    ],
)
async def test_what_no_template_could_ask_for_is_no_draft(seeded: Platform, content: str) -> None:
    sent = httpx.Request("POST", "http://test", json={**body(), "structured": "@"}).content.decode()
    headers = {**seeded.token("editor"), "Content-Type": "application/json"}
    raw = sent.replace('"@"', content).encode()
    answer = await seeded.client.post("/publication/documents", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
