"""Regions, organisations and items share their codes: who hears of them tells them apart by code alone."""

from typing import Any

import pytest

from tests.catalog.news import COUNTY
from tests.platform import Platform, item

BODY = {"name": "阳光县某局", "short_name": "县某局", "uscc": "11990001MB0Y003A20", "region": COUNTY}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("organisations/03001001", BODY),
        ("organisations/990001000000", BODY),
        ("items/990001-zf", item("03", "义务教育")),
        ("items/990001000000", item("03", "义务教育")),
    ],
)
async def test_a_code_is_one_thing(seeded: Platform, path: str, said: dict[str, Any]) -> None:
    answer = await seeded.client.put(f"/catalog/{path}", json=said, headers=seeded.token("administrator"))
    assert (answer.status_code, answer.json()["code"]) == (409, "code_taken")


async def test_of_many_items_none_takes_the_code_of_an_organisation(seeded: Platform) -> None:
    entries = [{**item("03", "义务教育"), "code": code} for code in ("03009001", "990001-zf")]
    headers = seeded.token("administrator")
    answer = await seeded.client.put("/catalog/items", json={"items": entries}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "code_taken")
    assert (await seeded.client.get("/catalog/items/03009001")).status_code == 404
