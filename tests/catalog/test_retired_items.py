"""A retired item is known to everybody: catalog says so with its heirs, and nothing new comes under it anywhere."""

from typing import Any

import httpx
import pytest

from libs.common import clock
from libs.common.events import ItemChanged
from services.catalog.rules.revisions import heirs_of
from tests.catalog.news import TOWN
from tests.catalog.revising import Revising, adjustment, entry
from tests.platform import Platform

Json = dict[str, Any]
TODAY = clock.local_date(clock.now()).isoformat()


def step(items: str, entries: str = "", documents_to: str | None = None) -> Json:
    """An adjustment as far as heirs go: one letter an item."""
    return {"items": list(items), "entries": list(entries), "documents_to": documents_to}


@pytest.mark.parametrize(
    ("steps", "heirs"),
    [
        ([], {}),
        ([step("a")], {"a": []}),
        ([step("ab", "c")], {"a": ["c"], "b": ["c"]}),
        ([step("ab", "a")], {"b": ["a"]}),
        ([step("a", "bc", "c")], {"a": ["c", "b"]}),
        ([step("a", "ab", "a")], {}),
        ([step("ab", "c"), step("c", "de", "e")], {"a": ["e", "d"], "b": ["e", "d"], "c": ["e", "d"]}),
        ([step("a", "bc", "b"), step("c"), step("b", "b")], {"a": ["b"], "c": []}),
        ([step("a", "bc", "b"), step("bc", "d")], {"a": ["d"], "b": ["d"], "c": ["d"]}),
        ([step("ab", "c"), step("c")], {"a": [], "b": [], "c": []}),
    ],
)
def test_heirs_are_those_in_force(steps: list[Json], heirs: dict[str, list[str]]) -> None:
    assert heirs_of(steps) == heirs


async def field(platform: Platform, *codes: str) -> None:
    """A field with these items, monthly ones."""
    for code in codes:
        said = {k: v for k, v in entry(code, "77").items() if k not in ("code", "version")}
        headers = platform.token("administrator")
        await platform.put(f"/catalog/items/{code}", {**said, "time_limit": "每月公开一次"}, headers)


async def in_force(platform: Platform, *adjustments: Json, code: str = "R77") -> None:
    """Such a revision, and everybody has heard of it."""
    await (await Revising.begin(platform, "77", *adjustments, code=code)).until("in_force")
    await platform.drain()


async def said(platform: Platform) -> dict[str, Json]:
    """What was last said of each item of the field."""
    events = await platform.events("catalog", ItemChanged.kind)
    return {event["code"]: event for _, event in events if event["field"] == "77"}


async def test_each_retired_item_is_said_with_its_heirs_and_again_when_they_change(seeded: Platform) -> None:
    await field(seeded, "77001", "77002", "77003", "77004")
    before = await said(seeded)
    assert not before["77001"].keys() & {"retired_on", "heirs"}
    await in_force(
        seeded,
        adjustment("merge", ["77001", "77002"], [entry("77009", "77")]),
        adjustment("retire", ["77003"], []),
    )
    now = await said(seeded)
    for code, heirs in (("77001", ["77009"]), ("77002", ["77009"]), ("77003", None)):
        assert now[code] == {**before[code], "version": 2, "retired_on": TODAY, "at": now[code]["at"]} | (
            {"heirs": heirs} if heirs else {}
        )
        assert (await seeded.client.get(f"/catalog/items/{code}")).json()["version"] == 2
    assert "retired_on" not in now["77009"]
    assert now["77004"] == before["77004"]
    split = adjustment("split", ["77009"], [entry("77011", "77"), entry("77012", "77")], documents_to="77012")
    await in_force(seeded, split, code="R77-2")
    again = await said(seeded)
    named = {code: event["heirs"] for code, event in again.items() if "heirs" in event}
    assert named == {code: ["77012", "77011"] for code in ("77001", "77002", "77009")}
    assert (again["77001"]["version"], again["77003"]) == (3, now["77003"])
    for service in ("publication", "village_affairs"):
        rows = await seeded.database(service).backbone.fetch(
            "select code, heirs from item where retired_on is not null"
        )
        assert {row["code"]: row["heirs"] for row in rows} == {
            code: event.get("heirs", []) for code, event in again.items() if "retired_on" in event
        }


async def put(platform: Platform, path: str, body: Json, seen: int | None = None) -> httpx.Response:
    """As the county's administrator."""
    headers = platform.token("administrator") | ({"If-Match": f'"v{seen}"'} if seen else {})
    return await platform.client.put(f"/catalog{path}", json=body, headers=headers)


def paths(item: str) -> dict[str, tuple[str, Json]]:
    """What may be said of an item in a town."""
    offline = {
        "region": TOWN,
        "item": item,
        "channel": "meeting",
        "disclosed_on": "2026-10-18",
        "place": "镇政府会议室",
        "evidence": "会议记录,存档2026年第4号。",
    }
    return {
        "path.code": (f"/coverage/{TOWN}/items/{item}", {"not_applicable": "本镇没有此类事项。"}),
        "body.item": ("/offline-disclosures/meeting-1", offline),
        "waiver": (f"/duties/{TOWN}/items/{item}/periods/2026-10-01", {"waived": "镇政府搬迁。"}),
        "terms": (f"/items/{item}/terms/{TOWN}", {"time_limit": None, "responsible_body": "镇党政办公室"}),
    }


async def test_nothing_is_said_of_it_anew(seeded: Platform) -> None:
    await field(seeded, "77001", "77002")
    await in_force(seeded, adjustment("merge", ["77001", "77002"], [entry("77009", "77")]))
    for field_at_fault, (path, body) in paths("77001").items():
        answer = await put(seeded, path, body)
        assert (answer.status_code, answer.json()["code"]) == (409, "item_retired"), path
        assert (answer.json()["heirs"], "77009" in answer.json()["detail"]) == (["77009"], True)
        assert answer.json()["errors"][0]["field"] == (field_at_fault if "." in field_at_fault else "path.code")
        if "." in field_at_fault:
            assert (
                await put(seeded, path.replace("77001", "77009"), {**body, "item": "77009"} if "item" in body else body)
            ).status_code == 201
    with_version = {k: v for k, v in entry("77001", "77").items() if k not in ("code", "version")}
    answer = await put(seeded, "/items/77001", with_version, seen=2)
    assert (answer.json()["code"], answer.json()["heirs"]) == ("item_retired", ["77009"])
    many = await put(seeded, "/items", {"items": [entry("77009", "77", 1), entry("77001", "77", 2)]})
    assert (many.json()["code"], many.json()["errors"][0]["field"]) == ("item_retired", "body.items.1.code")


async def test_what_was_said_before_can_be_taken_back(seeded: Platform) -> None:
    await field(seeded, "77001")
    said_before = {name: body for name, body in paths("77001").items() if name != "terms"}
    for path, body in said_before.values():
        assert (await put(seeded, path, body)).status_code == 201
    await in_force(seeded, adjustment("retire", ["77001"], []))
    back: dict[str, Json] = {
        "path.code": {"not_applicable": None},
        "body.item": {**said_before["body.item"][1], "struck": "登记错误。"},
        "waiver": {"waived": None},
    }
    for name, (path, _) in said_before.items():
        assert (await put(seeded, path, back[name], seen=1)).status_code == 200, path
    again = await put(seeded, said_before["path.code"][0], said_before["path.code"][1], seen=2)
    assert (again.json()["code"], again.json()["heirs"]) == ("item_retired", [])
