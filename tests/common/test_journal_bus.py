"""The default bus: the suite of every bus, and what it alone can notice, since it reads the journal itself."""

from dataclasses import dataclass
from uuid import uuid4

import pytest

from libs.common.bus import READ_LIMIT, Bus, ForkedHistory, JournalSubscription, PositionGap
from libs.common.db import Database
from tests.common.bus_conformance import BusConformance, Carrier, read_all
from tests.common.hearing import SOURCE, Ear, published, say, sequence_all
from tests.platform import Platform


@dataclass
class JournalCarrier:
    """The sequencer brings events to the journal; nothing else is between."""

    bus: Bus
    source: Database

    async def carry(self) -> None:
        """See `Carrier.carry`."""
        await sequence_all(self.source)


@pytest.fixture
def carrier(platform: Platform, source: Database) -> Carrier:
    """The bus under test."""
    return JournalCarrier(platform.bus, source)


class TestJournalBus(BusConformance):
    """The default bus keeps what every bus promises."""


async def spoken(source: Database, ear: Ear, bus: Bus, events: int) -> None:
    """So many events are in the journal and were heard."""
    await say(source, *(published(uuid4()) for _ in range(events)))
    await sequence_all(source)
    await ear.hear(bus)


async def test_a_rewritten_history_is_noticed(platform: Platform, source: Database, ear: Ear) -> None:
    await spoken(source, ear, platform.bus, 3)
    await source.backbone.execute("update journal set event_id = $1 where position = 3", uuid4())
    await say(source, published(uuid4()))
    await sequence_all(source)
    with pytest.raises(ForkedHistory, match="position 3 holds another event"):
        await ear.hear(platform.bus)
    assert (await ear.offset(), len(await ear.effects())) == (3, 3)


async def test_a_journal_that_is_shorter_than_what_was_read_is_noticed(
    platform: Platform, source: Database, ear: Ear
) -> None:
    await spoken(source, ear, platform.bus, 3)
    await source.backbone.execute("delete from journal where position = 3")
    with pytest.raises(PositionGap, match="position 3 is no longer in the journal"):
        await ear.hear(platform.bus)


async def test_a_missing_position_is_noticed_and_never_skipped(platform: Platform, source: Database, ear: Ear) -> None:
    await spoken(source, ear, platform.bus, 1)
    await say(source, *(published(uuid4()) for _ in range(3)))
    await sequence_all(source)
    await source.backbone.execute("delete from journal where position = 3")
    with pytest.raises(PositionGap, match="expected position 3, found 4"):
        await ear.hear(platform.bus)
    assert await ear.offset() == 1


async def test_a_group_that_comes_after_retention_is_told(platform: Platform, source: Database, ear: Ear) -> None:
    await say(source, *(published(uuid4()) for _ in range(2)))
    await sequence_all(source)
    await source.backbone.execute("delete from journal where position = 1")
    with pytest.raises(PositionGap, match="expected position 1, found 2"):
        await read_all(platform.bus)


async def test_the_producer_learns_how_far_each_group_is(platform: Platform, source: Database, ear: Ear) -> None:
    await spoken(source, ear, platform.bus, 3)
    row = await source.backbone.fetchrow("select grp, position, parked from journal_reader")
    assert row is not None
    assert tuple(row) == ("ear", 3, [])
    async with platform.bus.subscribe(SOURCE, "ear") as subscription:
        await subscription.report(2, [])  # an owner that was frozen reports late
        await subscription.report(3, ["a", "b"])
    row = await source.backbone.fetchrow("select grp, position, parked from journal_reader")
    assert row is not None
    assert tuple(row) == ("ear", 3, ["a", "b"])


async def test_who_catches_up_finds_the_next_batch_read_and_may_turn_back_all_the_same(
    platform: Platform, source: Database
) -> None:
    await say(source, *(published(uuid4()) for _ in range(READ_LIMIT + 3)))
    await sequence_all(source)
    everything = await read_all(platform.bus)
    async with platform.bus.subscribe(SOURCE, "reader") as subscription:
        assert isinstance(subscription, JournalSubscription)
        first = await subscription.read(0, None)
        assert first == everything[:READ_LIMIT]
        assert await subscription.read(0, None) == first
        seen = first[9]
        assert await subscription.read(seen.position, seen.event_id) == everything[10:]
        last = first[-1]
        await subscription.read(0, None)
        assert subscription.ahead is not None
        await subscription.ahead[1]
        await source.backbone.execute("truncate journal")
        assert await subscription.read(last.position, last.event_id) == everything[READ_LIMIT:]


async def test_a_failure_while_reading_ahead_is_met_by_who_comes_for_it_and_by_nobody_else(
    platform: Platform, source: Database
) -> None:
    await say(source, *(published(uuid4()) for _ in range(READ_LIMIT + 3)))
    await sequence_all(source)
    await source.backbone.execute("delete from journal where position = $1", READ_LIMIT + 1)
    async with platform.bus.subscribe(SOURCE, "reader") as subscription:
        first = await subscription.read(0, None)
        assert len(first) == READ_LIMIT
        assert await subscription.read(0, None) == first
        with pytest.raises(PositionGap, match=f"expected position {READ_LIMIT + 1}"):
            await subscription.read(first[-1].position, first[-1].event_id)
