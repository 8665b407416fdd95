"""What was made public offline covers its item and meets its duty, as long as it is not struck out."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from libs.common import clock
from tests.catalog.counting import counted
from tests.catalog.news import TOWN, VILLAGE
from tests.platform import Platform, item

ENTRY: dict[str, Any] = {
    "region": VILLAGE,
    "item": "27001001",
    "channel": "notice_board",
    "disclosed_on": "2026-10-18",
    "place": "东庄村村务公开栏",
    "evidence": "公开栏照片2张,存村务档案2026年第4号。",
}


async def put(
    platform: Platform, code: str = "board-1", seen: int | None = None, role: str = "village_clerk", **changes: Any
) -> httpx.Response:
    """Record a disclosure, as the village's clerk when nobody else is named."""
    headers = platform.token(role, region=VILLAGE) | ({"If-Match": f'"v{seen}"'} if seen else {})
    return await platform.client.put(f"/catalog/offline-disclosures/{code}", json=ENTRY | changes, headers=headers)


async def covered(platform: Platform) -> dict[str, Any]:
    """The coverage of the item in the village."""
    answer = await platform.client.get(f"/catalog/coverage/{VILLAGE}", params={"field": "27"})
    row: dict[str, Any] = answer.json()["items"][0]
    return row


async def test_a_disclosure_offline_covers_its_item_until_it_is_struck_out(seeded: Platform) -> None:
    assert (await covered(seeded))["state"] == "missing"
    answer = await put(seeded)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"v1"')
    row = await covered(seeded)
    assert (row["state"], row["covered"], row["documents"]) == ("covered", True, 0)
    assert (row["offline_disclosures"], row["latest_disclosed_on"]) == (1, "2026-10-18")
    await counted(seeded)
    fields = (await seeded.client.get(f"/catalog/coverage/{VILLAGE}/fields")).json()["items"]
    assert [(f["covered"], f["missing"]) for f in fields if f["field"] == "27"] == [(1, 0)]
    assert (await put(seeded, seen=1, struck="照片不是本村的。")).json()["version"] == 2
    assert (await covered(seeded))["state"] == "missing"


async def test_it_meets_the_duty_of_its_period(seeded: Platform) -> None:
    monthly = {**item("27", "村(居)务公开"), "time_limit": "每月公开一次", "levels": ["village"]}
    await seeded.put("/catalog/items/27002001", monthly, seeded.token("administrator"))
    today = clock.local_date(clock.now())
    await put(seeded, item="27002001", disclosed_on=today.isoformat())
    month = {"due_from": today.isoformat(), "due_until": (today + timedelta(31)).isoformat()}
    duty = (await seeded.client.get(f"/catalog/duties/{VILLAGE}", params=month)).json()["items"][0]
    assert (duty["state"], duty["met_on"]) == ("met", today.isoformat())
    assert (duty["offline_disclosure"], duty["document"]) == ("board-1", None)


async def test_everybody_reads_what_was_recorded(seeded: Platform) -> None:
    made = (await put(seeded)).json()
    await put(seeded, "board-2", struck="重复登记。")
    for query, codes in (
        ("", ["board-1", "board-2"]),
        ("struck=false", ["board-1"]),
        (f"region={TOWN}", []),
        (f"item=27001001&region={VILLAGE}&struck=true", ["board-2"]),
    ):
        found = (await seeded.client.get(f"/catalog/offline-disclosures?{query}")).json()["items"]
        assert [one["code"] for one in found] == codes
    assert (await seeded.client.get("/catalog/offline-disclosures")).json()["items"][0] == made


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        (
            {"disclosed_on": (clock.local_date(clock.now()) + timedelta(2)).isoformat()},
            "malformed",
            "body.disclosed_on",
        ),
        ({"item": "99009009"}, "unknown_reference", "body.item"),
        ({"channel": "carrier_pigeon"}, "malformed", "body.channel"),
        ({"evidence": " "}, "malformed", "body.evidence"),
    ],
)
async def test_what_cannot_be_is_refused(seeded: Platform, changes: dict[str, Any], code: str, field: str) -> None:
    answer = await put(seeded, **changes)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert field in answer.text


async def test_a_clerk_records_for_the_own_village_alone(seeded: Platform) -> None:
    await put(seeded)
    assert (await put(seeded, seen=1, region="990001101202")).status_code == 403
    assert (await put(seeded, "board-2", role="reviewer")).status_code == 403
