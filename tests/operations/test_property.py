"""Whatever is said, in whatever order it is heard: a rebuilt projection equals the one that was kept up live."""

import random
from datetime import timedelta

import pytest

from libs.common.events import DocumentPublished, Event, Reach
from libs.common.rebuild import rebuild
from tests.operations.projected import EVERY, TESTER, holds, settler
from tests.operations.test_reconcile import found
from tests.platform import Platform
from tests.village_affairs.notices import COUNTY, EAST, SOUTH, TOWN, WEST, published, say, withdrawn

REACHES = [
    Reach(),
    Reach(towns="all", villages="all"),
    Reach(towns=[TOWN]),
    Reach(villages=[EAST]),
    Reach(villages=[WEST, SOUTH]),
]


def story(chance: random.Random) -> tuple[list[Event], int]:
    """Documents that are published, amended and withdrawn, and how many of them are live in the end."""
    events: list[Event] = []
    live: list[DocumentPublished] = []
    for n in range(60):
        if not live or chance.random() < 0.4:
            event = published(reach=chance.choice(REACHES), region=chance.choice([COUNTY, TOWN, EAST]))
            live.append(event)
            events.append(event)
            continue
        last = live.pop(chance.randrange(len(live)))
        version = last.version + chance.randint(1, 3)
        if chance.random() < 0.4:
            events.append(withdrawn(last, version))
            continue
        later = last.published_at + timedelta(days=n)
        changes = {"version": version, "reach": chance.choice(REACHES), "published_at": later}
        live.append(last.model_copy(update=changes))
        events.append(live[-1])
    return events, len(live)


@pytest.mark.parametrize("seed", range(2))
async def test_a_rebuilt_projection_equals_the_live_one(seeded: Platform, seed: int) -> None:
    events, live = story(random.Random(seed))
    for start in range(0, len(events), 10):  # what is heard at once and what is not differs by seed
        await say(seeded, *events[start : start + 10])
    for service, _projection in EVERY:
        # These documents were said, but not by an act of publication: they are in no listing of its own.
        if service == "publication":
            continue
        before = await holds(seeded, service)
        report = await rebuild(settler(seeded, service), TESTER)
        assert report.differences == {}
        assert await holds(seeded, service) == before
        assert await found(seeded, service) == {}
    # Its reconciliation finds them missing, settles them, and the rebuild agrees.
    drift = await found(seeded, "publication")
    assert drift == {"listing": {"missing": live}}
    settled = await holds(seeded, "publication")
    report = await rebuild(settler(seeded, "publication"), TESTER)
    assert report.differences == {}
    assert await holds(seeded, "publication") == settled
