"""A region inherits what an item asks for, may tighten it, and never loosens it (三级四同)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from libs.common import clock
from services.catalog.rules.local_terms import first_loosened, in_effect
from services.catalog.rules.wordings import read
from tests.catalog.news import COUNTY, TOWN, VILLAGE
from tests.platform import Platform, item


@pytest.mark.parametrize(
    ("above", "below", "kept"),
    [
        ("信息形成或者变更之日起20个工作日内", "信息形成或者变更之日起10个工作日内", True),
        ("信息形成或者变更之日起20个工作日内", "信息形成或者变更之日起20个工作日内", True),
        ("信息形成或者变更之日起20个工作日内", "信息形成或者变更之日起30个工作日内", False),
        ("信息形成或者变更之日起20个工作日内", "及时公开", True),
        ("信息形成或者变更之日起20个工作日内", "信息形成或者变更之日起20日内", True),
        ("批准后20日内", "批准后20个工作日内", False),
        ("批准后20日内", "批准后5个工作日内", True),
        ("批准后20日内", "信息形成或者变更之日起5日内", False),
        ("每季度公开一次", "每月公开一次", True),
        ("每月公开一次", "每季度公开一次", False),
        ("每季度的首个月20日", "每季度的首个月10日", True),
        ("每季度的首个月20日", "每季度的首个月25日", False),
        ("每季度的首个月20日", "每月公开一次", False),  # the first month's end is after its 20th day
        ("每年公开一次", "长期公开", False),
        ("制定或获取信息之日起10个工作日内,公示7个工作日", "制定或获取信息之日起10个工作日内,公示5个工作日", False),
        ("制定或获取信息之日起10个工作日内,公示7个工作日", "制定或获取信息之日起5个工作日内,公示10个工作日", True),
        ("制定或获取信息之日起10个工作日内,公示7个工作日", "制定或获取信息之日起5个工作日内", False),
    ],
)
def test_what_is_tighter_and_what_is_looser(above: str, below: str, kept: bool) -> None:
    standard, own = read(above), read(below)
    assert not standard.unread
    assert not own.unread
    assert (first_loosened(standard, own) is None) is kept


def test_terms_hold_below_until_something_above_is_tighter() -> None:
    standard, county, village = read("每年公开一次"), read("每季度公开一次"), read("每月公开一次")
    assert in_effect(standard, [county, None, village]) == village
    assert in_effect(standard, [village, None, county]) == village
    assert in_effect(standard, [None, None]) == standard


async def put(
    platform: Platform, region: str, wording: str | None, seen: int | None = None, body: str | None = None
) -> httpx.Response:
    """A region's terms of the item, as the county's administrator."""
    headers = platform.token("administrator") | ({"If-Match": f'"v{seen}"'} if seen else {})
    said = {"time_limit": wording, "responsible_body": body}
    return await platform.client.put(f"/catalog/items/27002001/terms/{region}", json=said, headers=headers)


async def duties(platform: Platform, region: str) -> list[dict[str, Any]]:
    """What a village owes in the hundred days from the first of this month on."""
    first = clock.local_date(clock.now()).replace(day=1)
    span = {"due_from": first.isoformat(), "due_until": (first + timedelta(100)).isoformat()}
    found: list[dict[str, Any]] = (await platform.client.get(f"/catalog/duties/{region}", params=span)).json()["items"]
    return found


async def owed(platform: Platform) -> None:
    """Villages owe an item once in a quarter."""
    quarterly = {**item("27", "村(居)务公开"), "time_limit": "每季度公开一次", "levels": ["village"]}
    await platform.put("/catalog/items/27002001", quarterly, platform.token("administrator"))


async def test_a_tighter_limit_holds_below_and_a_looser_one_is_refused(seeded: Platform) -> None:
    await owed(seeded)
    assert len(await duties(seeded, VILLAGE)) == 1
    refused = await put(seeded, TOWN, "每年公开一次")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "body.time_limit")
    assert "每季度公开一次" in refused.json()["detail"]
    assert (await put(seeded, TOWN, "每月公开一次", body="村民委员会会计")).status_code == 201
    monthly = await duties(seeded, VILLAGE)
    assert len(monthly) == 3
    assert {duty["responsible_body"] for duty in monthly} == {"村民委员会会计"}
    assert len(await duties(seeded, "990001102201")) == 1
    assert (await put(seeded, VILLAGE, "每季度公开一次")).status_code == 422
    assert (await put(seeded, TOWN, None, seen=1)).json()["version"] == 2
    assert len(await duties(seeded, VILLAGE)) == 1


async def test_a_change_above_tells_whom_it_overrides(seeded: Platform) -> None:
    await owed(seeded)
    assert (await put(seeded, VILLAGE, "每季度的首个月20日")).json()["overridden"] == []
    answer = await put(seeded, COUNTY, "每月公开一次")
    assert answer.json()["overridden"] == [VILLAGE]
    assert len(await duties(seeded, VILLAGE)) == 3
    listed = (await seeded.client.get("/catalog/local-terms", params={"item": "27002001"})).json()["items"]
    assert [(terms["region"], terms["time_limit"]) for terms in listed] == [
        (COUNTY, "每月公开一次"),
        (VILLAGE, "每季度的首个月20日"),
    ]
    first = (await seeded.client.get("/catalog/local-terms?limit=1")).json()
    again = await seeded.client.get("/catalog/local-terms", params={"limit": 1, "cursor": first["next"]})
    assert again.json()["items"] == listed[1:]


async def test_a_wording_that_is_not_understood_is_refused(seeded: Platform) -> None:
    await owed(seeded)
    answer = await put(seeded, TOWN, "按上级通知办理")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.time_limit")
