"""News in any order leave the boards right, and each version is said to be in step once."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from libs.common.events import Event, Reach, RegionChanged
from libs.common.outbox import emit
from tests.platform import Platform
from tests.village_affairs.notices import COUNTY, EAST, SOUTH, TOWN, WEST, Life, ids, published, say, withdrawn

NOBODY = Reach()


async def synced(platform: Platform) -> list[tuple[int, bool, Any]]:
    """Every ListingSynced said, as (version, listed, villages)."""
    events = await platform.events("village_affairs", "listing.synced")
    return [(event["version"], event["listed"], event["villages"]) for _, event in events]


async def test_a_document_that_reaches_villages(seeded: Platform) -> None:
    event = published(3)
    await say(seeded, event)
    ((_, word),) = await seeded.events("village_affairs", "listing.synced")
    assert word.pop("at")
    assert word == {
        "version": 3,
        "document": str(event.document),
        "region": COUNTY,
        "villages": "all",
        "listed": True,
    }


async def test_each_version_is_said_once(seeded: Platform) -> None:
    first = published(3)
    later = published(4, document=first.document, reach=Reach(villages=[WEST]))
    await say(seeded, first, later)
    await seeded.drain()
    async with seeded.database("publication").transaction() as session:
        # The same versions told again under new event ids, as a replay does.
        await emit(session, first)
        await emit(session, later)
    await seeded.drain()
    assert await synced(seeded) == [(3, True, "all"), (4, True, [WEST])]


async def test_a_later_edition_changes_card_and_reach(seeded: Platform) -> None:
    first = published(1, reach=Reach(villages=[EAST, WEST]))
    later = published(2, document=first.document, title="更正", reach=Reach(villages=[WEST, SOUTH]))
    await say(seeded, first)
    assert await ids(seeded, EAST) == [str(first.document)]
    await say(seeded, later)
    assert await ids(seeded, EAST) == []
    for village in (WEST, SOUTH):
        assert await ids(seeded, village) == [str(first.document)]
    answer = await seeded.client.get(f"/village-affairs/villages/{SOUTH}/listing")
    assert answer.json()["items"][0]["title"] == "更正"


async def test_an_edition_that_no_longer_reaches_villages(seeded: Platform) -> None:
    first = published(1)
    without = published(2, document=first.document, reach=NOBODY)
    again_without = published(3, document=first.document, reach=NOBODY)
    await say(seeded, first, without, again_without, withdrawn(again_without, 4))
    assert await ids(seeded, EAST) == []
    assert await synced(seeded) == [(1, True, "all"), (2, False, [])]


async def test_nothing_is_said_of_documents_that_never_reach_a_village(seeded: Platform) -> None:
    county, town = published(reach=NOBODY), published(region=TOWN, reach=Reach(towns="all"))
    await say(seeded, county, town, withdrawn(county), withdrawn(town))
    assert await synced(seeded) == []


async def test_a_village_s_own_document(seeded: Platform) -> None:
    event = published(region=EAST, reach=NOBODY)
    await say(seeded, event)
    assert await ids(seeded, EAST) == [str(event.document)]
    await say(seeded, withdrawn(event))
    assert await ids(seeded, EAST) == []
    assert await synced(seeded) == [(1, True, []), (2, False, [])]


FIRST = published(1)
LATER = published(2, document=FIRST.document, reach=Reach(villages=[EAST, SOUTH]))
LAST = withdrawn(LATER, 3)


@pytest.mark.parametrize("order", list(permutations((FIRST, LATER, LAST))))
async def test_withdrawn_is_never_listed_again(seeded: Platform, order: tuple[Event, ...]) -> None:
    await say(seeded, *order)
    for village in (EAST, WEST, SOUTH):
        assert await ids(seeded, village) == []
    words = await synced(seeded)
    assert words[-1] == (3, False, [EAST, SOUTH])
    versions = [version for version, _, _ in words]
    assert versions == sorted(set(versions)), "once each, rising"


@pytest.mark.parametrize("order", list(permutations((FIRST, LATER))))
async def test_the_newest_edition_stays(seeded: Platform, order: tuple[Event, ...]) -> None:
    await say(seeded, *order)
    assert await ids(seeded, WEST) == []
    assert await ids(seeded, SOUTH) == [str(FIRST.document)]
    assert (await synced(seeded))[-1] == (2, True, [EAST, SOUTH])


async def test_a_withdrawn_notice_is_never_listed_again(seeded: Platform) -> None:
    life = await Life.in_state(seeded, "live")
    assert await ids(seeded, EAST) == [life.id]
    await life.act("withdraw")
    assert await ids(seeded, EAST) == []
    assert (await life.act("publish")).json()["code"] == "wrong_state"
    assert await ids(seeded, EAST) == []


async def test_villages_and_items_follow_the_catalog(seeded: Platform) -> None:
    renamed = RegionChanged(code=EAST, name="新东庄村", level="village", parent=TOWN, version=9, at=datetime.now(UTC))
    await say(seeded, renamed)
    answer = await seeded.client.get(f"/village-affairs/villages/{EAST}")
    assert answer.json()["name"] == "新东庄村"
    life = await Life.draft(seeded, catalog_item="03001001")
    clerk = seeded.token("village_clerk", region=EAST)
    assert (await life.page(clerk)).json()["field"] == "03"
