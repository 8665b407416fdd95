"""Nothing new comes on a village board under an item that the catalog has retired."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from libs.common.events import ItemChanged
from tests.platform import Platform, item
from tests.village_affairs.notices import EAST, Life, content, say

RETIRED = "27001009"


def news(version: int, **changes: Any) -> ItemChanged:
    """What catalog says of an item of village affairs."""
    said = {name: value for name, value in item("27", "村(居)务公开").items() if name in ItemChanged.model_fields}
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return ItemChanged(**{**said, "code": RETIRED, "version": version, "at": at, **changes})


RETIREMENT = news(102, retired_on=date(2026, 11, 1), heirs=["27001001"])


def refused(answer: httpx.Response) -> bool:
    """Refused, and the clerk is told where to go."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "item_retired"), answer.text
    return problem["heirs"] == ["27001001"] and "27001001" in problem["detail"]


async def test_no_notice_whatever_was_heard_first(seeded: Platform) -> None:
    await say(seeded, RETIREMENT, news(101))
    clerk = seeded.token("village_clerk", region=EAST)
    body = {"village": EAST, **content(catalog_item=RETIRED)}
    assert refused(await seeded.client.post("/village-affairs/notices", json=body, headers=clerk))


@pytest.mark.parametrize(("state", "act"), [("draft", "submit"), ("decided", "publish")])
async def test_a_notice_of_before_goes_under_the_heir(seeded: Platform, state: str, act: str) -> None:
    await say(seeded, news(101))
    life = await Life.in_state(seeded, state, catalog_item=RETIRED)
    await say(seeded, RETIREMENT)
    assert refused(await life.act(act))
    if state == "decided":
        returned = (await life.act("return")).json()
        assert [returned[name] for name in ("state", "opinion", "minutes_on")] == ["draft", None, None]
    assert refused(await life.act("edit", content(catalog_item=RETIRED)))
    for step in ("edit", "submit", "supervise", "decide", "publish"):
        assert (await life.act(step)).is_success, step


async def test_what_is_on_the_board_stays_and_can_be_taken_down(seeded: Platform) -> None:
    await say(seeded, news(101))
    life = await Life.in_state(seeded, "live", catalog_item=RETIRED)
    await say(seeded, RETIREMENT)
    assert (await life.page()).json()["catalog_item"] == RETIRED
    assert (await life.act("withdraw")).is_success


@pytest.mark.parametrize(("keeper", "status"), [("990001000000", 201), ("990002000000", 422)])
async def test_no_notice_under_the_item_of_another_county(seeded: Platform, keeper: str, status: int) -> None:
    await say(seeded, news(1, region=keeper))
    clerk = seeded.token("village_clerk", region=EAST)
    body = {"village": EAST, **content(catalog_item=RETIRED)}
    answer = await seeded.client.post("/village-affairs/notices", json=body, headers=clerk)
    assert answer.status_code == status, answer.text
