"""The content template of an item: put by whoever keeps the catalog, read by everybody as JSON Schema and as a form."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from libs.common.errors import Malformed, TooLarge
from services.catalog.rules.templates import TemplateContent, complete
from tests.platform import Platform
from tests.templates import FITTING, PAYMENTS, put_template

Json = dict[str, Any]


def a_field(**changes: Any) -> Json:
    """A field of a template."""
    return {"name": "area", "title": "补贴面积", "type": "number", **changes}


@pytest.mark.parametrize(
    ("field", "at"),
    [
        (a_field(type="text", unit="亩"), "unit"),
        (a_field(type="money", unit="元"), "unit"),
        (a_field(type="choice"), "choices"),
        (a_field(choices=["甲"]), "choices"),
        (a_field(type="choice", choices=["甲", "甲 "]), "choices"),
        (a_field(max_length=10), "max_length"),
        (a_field(type="integer", decimals=2), "decimals"),
        (a_field(type="money", minimum=1), "minimum"),
        (a_field(type="date", minimum=0), "minimum"),
        (a_field(type="money", maximum=10), "maximum"),
        (a_field(minimum=2, maximum=1), "minimum"),
        (a_field(type="table"), "columns"),
        (a_field(columns=[a_field()]), "columns"),
        (a_field(type="table", columns=[a_field(), a_field()]), "columns.1.name"),
        (a_field(type="table", columns=[a_field(type="phone", unit="亩")]), "columns.0.unit"),
    ],
)
def test_what_a_type_has_no_use_for_is_refused(field: Json, at: str) -> None:
    content = TemplateContent.model_validate({"fields": [a_field(name="first"), field]})
    with pytest.raises(Malformed) as refused:
        complete(content)
    assert refused.value.field == f"body.fields.1.{at}"


def test_names_come_once() -> None:
    with pytest.raises(Malformed) as refused:
        complete(TemplateContent.model_validate({"fields": [a_field(), a_field()]}))
    assert refused.value.field == "body.fields.1.name"


def test_what_is_not_said_is_filled_in() -> None:
    text, number = complete(
        TemplateContent.model_validate({"fields": [a_field(name="note", type="text"), a_field(minimum=0, maximum=0)]})
    )
    assert (text.max_length, text.decimals) == (200, None)
    assert (number.max_length, number.decimals) == (None, 2)


def test_a_template_fits_into_an_event() -> None:
    choices = [f"{number}{'选' * 90}" for number in range(50)]
    fields = [a_field(name=f"f{number}", type="choice", choices=choices) for number in range(40)]
    with pytest.raises(TooLarge):
        complete(TemplateContent.model_validate({"fields": fields}))


async def test_a_template_is_read_as_schema_and_as_form(seeded: Platform) -> None:
    none = (await seeded.client.get("/catalog/items/03001001/template")).json()
    assert (none["version"], none["fields"], none["json_schema"], none["form"]) == (None, [], None, [])
    answer = await put_template(seeded)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"v1"')
    read = await seeded.client.get("/catalog/items/03001001/template")
    assert read.json() == answer.json()
    assert read.headers["cache-control"].startswith("public")
    seen = {"If-None-Match": read.headers["etag"]}
    assert (await seeded.client.get("/catalog/items/03001001/template", headers=seen)).status_code == 304

    schema = read.json()["json_schema"]
    Draft202012Validator.check_schema(schema)
    assert Draft202012Validator(schema).is_valid(FITTING)
    assert (schema["title"], schema["required"]) == ("规范性文件", ["batch"])
    columns = schema["properties"]["payments"]["items"]["properties"]
    assert (columns["area"]["x-unit"], columns["amount"]["x-unit"]) == ("亩", "元")
    asked = [(one["name"], one["label"], one["widget"], one["required"]) for one in read.json()["form"]]
    assert asked[0] == ("batch", "发放批次", "input", True)
    assert [widget for _, _, widget, _ in asked] == ["input", "date", "number", "tel", "url", "table"]
    assert [one["widget"] for one in read.json()["form"][-1]["columns"]] == ["textarea", "number", "money", "select"]


async def test_a_template_is_replaced_and_removed_by_version(seeded: Platform) -> None:
    assert (await put_template(seeded)).status_code == 201
    assert (await put_template(seeded)).json()["code"] == "version_required"
    assert (await put_template(seeded, seen=7)).json()["code"] == "stale_version"
    assert (await put_template(seeded, seen=1)).json()["version"] == 1
    removed = await put_template(seeded, {"fields": []}, seen=1)
    assert (removed.status_code, removed.json()["version"], removed.json()["json_schema"]) == (200, 2, None)
    assert (await seeded.client.get("/catalog/items/03001001/template")).json() == removed.json()
    assert (await put_template(seeded, seen=2)).json()["version"] == 3
    said = await seeded.events("catalog", "catalog.template.changed.v1")
    assert [(event["version"], len(event["fields"])) for _, event in said] == [(1, 6), (2, 0), (3, 6)]
    assert {event["template"] for _, event in said} == {"03001001/template"}


async def test_only_whoever_keeps_the_catalog_puts_templates(seeded: Platform) -> None:
    for headers in (seeded.token("editor"), seeded.token("administrator", region="990001101")):
        answer = await seeded.client.put("/catalog/items/03001001/template", json=PAYMENTS, headers=headers)
        assert answer.json()["code"] == "forbidden"


async def test_only_items_in_force_have_their_template_changed(seeded: Platform) -> None:
    answer = await put_template(seeded, item="99999999")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_reference")
    assert (await seeded.client.get("/catalog/items/99999999/template")).status_code == 404
    retire = "update item set retired_on = current_date where code = '03001001'"
    await seeded.database("catalog").backbone.execute(retire)
    assert (await put_template(seeded)).json()["code"] == "item_retired"


@pytest.mark.parametrize(
    "fields",
    [
        [a_field(name="面积")],
        [a_field(name="Area")],
        [a_field(title=" ")],
        [a_field(type="boolean")],
        [a_field(type="table", columns=[a_field(type="table", columns=[a_field()])])],
        [a_field(type="choice", choices=["选"] * 51)],
        [a_field(minimum=10**13)],
        [a_field(decimals=7)],
        [a_field(type="text", max_length=2001)],
        [a_field(pattern="^a$")],
        [a_field(name=f"f{number}") for number in range(41)],
        [a_field(type="table", columns=[a_field(name=f"f{number}") for number in range(21)])],
        None,
    ],
)
async def test_a_template_is_bounded(seeded: Platform, fields: Json | None) -> None:
    answer = await put_template(seeded, {"fields": fields})
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert answer.json()["errors"][0]["field"].startswith("body.fields")
