"""A flood of acts comes no faster than it is followed; nobody waits for a listener that is gone."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from libs.common import pace as module
from libs.common.bus import REPORT
from libs.common.db import Database
from libs.common.pace import HELD, Pace
from tests.common.conftest import Connect
from tests.common.hearing import SOURCE, published, say, sequence_all
from tests.platform import Platform


async def behind(source: Database, seconds: float, reported: datetime | None = None) -> None:
    """Two events were said `seconds` ago, of which a listener has applied one, as it reported at that time."""
    await say(source, published(uuid4()), published(uuid4()))
    await sequence_all(source)
    await source.backbone.execute("update journal set created_at = created_at - make_interval(secs => $1)", seconds)
    await report(source, 1, reported)


async def report(source: Database, position: int, at: datetime | None = None) -> None:
    """A listener says how far it is."""
    await source.backbone.execute(REPORT, "ear", position, [], at)


async def looking(source: Database) -> Pace:
    """A pace that has looked: the first act does not wait for that."""
    pace = Pace(source)
    await pace.keep()
    assert pace._looking is not None
    await pace._looking
    return pace


def held() -> float:
    """For how long acts have been held so far, in seconds."""
    return float(HELD.labels(SOURCE)._value.get())


@pytest.mark.parametrize("seconds", [0, 0.5])
async def test_who_is_followed_closely_does_not_wait(source: Database, seconds: float) -> None:
    await behind(source, seconds)
    before = held()
    await (await looking(source)).keep()
    assert held() == before


async def test_an_act_waits_until_the_listener_has_followed(source: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SECONDS", 1_000)
    await behind(source, 3_600)
    before = held()
    act = asyncio.create_task((await looking(source)).keep())
    while held() == before:
        await asyncio.sleep(0.01)
    assert not act.done()
    await report(source, 2)
    await act


async def test_it_does_not_wait_for_long(source: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SECONDS", 0.3)
    await behind(source, 3_600)
    before = held()
    await (await looking(source)).keep()
    assert held() > before


async def test_nobody_waits_for_a_listener_that_has_gone_silent(source: Database) -> None:
    await behind(source, 3_600, datetime.now(UTC) - timedelta(minutes=1))
    before = held()
    await (await looking(source)).keep()
    assert held() == before


async def test_a_database_that_stands_still_holds_nobody_up(source: Database, connect: Connect) -> None:
    await behind(source, 3_600)
    other = await connect()
    await other.execute("begin; lock table journal_reader in access exclusive mode")
    pace, before = Pace(source), held()
    await pace.keep()
    await pace.keep()
    assert pace._looking is not None
    assert not pace._looking.done()
    assert held() == before
    await other.execute("rollback")
    await pace._looking


async def test_acts_over_http_keep_the_pace(seeded: Platform) -> None:
    catalog = seeded.database("catalog")
    head = await catalog.backbone.fetchval("select position from journal_head")
    await catalog.backbone.execute("update journal set created_at = created_at - interval '1 hour'")
    await catalog.backbone.execute(REPORT, "ear", head - 1, [], None)
    before = HELD.labels("catalog")._value.get()
    region = {"name": "晨曦新镇", "level": "town", "parent": "990001000000"}
    towns = iter(range(103, 200))
    async with asyncio.timeout(30):
        while HELD.labels("catalog")._value.get() == before:
            await seeded.put(f"/catalog/regions/990001{next(towns)}000", region, seeded.token("administrator"))
