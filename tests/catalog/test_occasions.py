"""What happened starts the limits of an item, and the duty is met by what goes public from then on."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from libs.common import clock
from tests.catalog.news import TOWN, document_published, say
from tests.platform import Platform, item

TODAY = clock.local_date(clock.now())
ENTRY: dict[str, Any] = {
    "region": TOWN,
    "item": "03009001",
    "trigger": "formed",
    "happened_on": TODAY.isoformat(),
    "what": "镇政府印发防汛应急预案(修订)。",
}


@pytest.fixture
async def town(seeded: Platform) -> Platform:
    """Towns owe an item within five days of its forming."""
    content = {**item("03", "义务教育"), "time_limit": "信息形成之日起5日内", "levels": ["town"]}
    await seeded.put("/catalog/items/03009001", content, seeded.token("administrator"))
    return seeded


async def put(
    platform: Platform, code: str = "o1", seen: int | None = None, role: str = "editor", **changes: Any
) -> httpx.Response:
    """Record an occasion, as the town's editor when nobody else is named."""
    headers = platform.token(role, region=TOWN) | ({"If-Match": f'"v{seen}"'} if seen else {})
    return await platform.client.put(f"/catalog/occasions/{code}", json=ENTRY | changes, headers=headers)


async def duties(platform: Platform) -> list[dict[str, Any]]:
    """What the town must publish."""
    found: list[dict[str, Any]] = (await platform.client.get(f"/catalog/duties/{TOWN}")).json()["items"]
    return found


async def test_an_occasion_makes_a_duty_until_it_is_struck_out(town: Platform) -> None:
    assert await duties(town) == []
    answer = await put(town)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"v1"')
    (duty,) = await duties(town)
    assert (duty["occasion"], duty["period_start"], duty["state"]) == ("o1", TODAY.isoformat(), "open")
    assert duty["due_on"] == (TODAY + timedelta(5)).isoformat()
    await say(town, document_published(uuid4(), region=TOWN, item="03009001", at=datetime.now(UTC)))
    assert [duty["state"] for duty in await duties(town)] == ["met"]
    assert (await put(town, seen=1, struck="登记有误。")).json()["version"] == 2
    assert await duties(town) == []
    listed = (await town.client.get("/catalog/occasions", params={"region": TOWN, "struck": True})).json()["items"]
    assert [(one["code"], one["struck"]) for one in listed] == [("o1", "登记有误。")]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"trigger": "decided"}, "body.trigger"),
        ({"happened_on": (TODAY + timedelta(1)).isoformat()}, "body.happened_on"),
        ({"item": "99999999"}, "body.item"),
        ({"organisation": "nobody"}, "body.organisation"),
        ({"trigger": "whenever"}, "body.trigger"),
    ],
)
async def test_what_starts_nothing_is_refused(town: Platform, changes: dict[str, Any], field: str) -> None:
    answer = await put(town, **changes)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_number_of_somebody_is_refused(town: Platform) -> None:
    answer = await put(town, what="向王某(手机13800138000)作出救助决定。")
    assert (answer.status_code, answer.json()["code"]) == (422, "personal_data_found")
    assert answer.json()["errors"][0]["field"] == "body.what"
    assert "13800138000" not in answer.text


async def test_another_town_records_nothing_here(town: Platform) -> None:
    answer = await put(town, region="990001102000")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
