"""What every bus promises its listeners. A bus's own test module derives from `BusConformance`.

The deriving class gives a fixture `carrier`: the bus, and a way to bring what was said to where it hands it out.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import context
from libs.common.bus import READ_LIMIT, Bus, Record
from libs.common.db import Database
from libs.common.events import Event
from libs.common.inbox import is_transient
from libs.common.outbox import MAX_PAYLOAD_BYTES, cloud_headers
from tests.common.hearing import SOURCE, Ear, Wire, published, say, withdrawn

MANY = 2 * READ_LIMIT + 50


class Carrier(Protocol):
    """A bus under test."""

    bus: Bus

    async def carry(self) -> None:
        """Bring everything that was said to where subscriptions find it."""
        ...


async def killed(session: AsyncSession, _event: Event) -> None:
    """The connection is cut in the middle of the transaction."""
    await session.execute(text("select pg_terminate_backend(pg_backend_pid())"))


async def refused_for_now(session: AsyncSession, _event: Event) -> None:
    """The database cannot serialise this transaction; a second try may succeed."""
    await session.execute(text("do $$ begin raise exception 'later' using errcode = '40001'; end $$"))


async def read_all(bus: Bus, group: str = "reader", after: int = 0, event_id: UUID | None = None) -> list[Record]:
    """Everything behind a position, read in as many steps as it takes."""
    found: list[Record] = []
    async with bus.subscribe(SOURCE, group) as subscription:
        while records := await subscription.read(after, event_id):
            found += records
            after, event_id = records[-1].position, records[-1].event_id
    return found


class BusConformance:
    """The suite."""

    async def test_the_events_of_a_key_are_heard_in_order(self, carrier: Carrier, source: Database, ear: Ear) -> None:
        keys = [uuid4() for _ in range(5)]
        for version in range(1, 6):
            await say(source, *(published(key, version) for key in keys))
        await carrier.carry()
        await ear.hear(carrier.bus)
        effects = await ear.effects()
        for key in keys:
            assert [version for k, version, _ in effects if k == str(key)] == [1, 2, 3, 4, 5]

    @pytest.mark.parametrize("step", ["read", "before", "after", "report"])
    async def test_after_a_failure_at_any_step_each_effect_is_there_once(
        self, carrier: Carrier, source: Database, ear: Ear, step: str
    ) -> None:
        key, other = uuid4(), uuid4()
        await say(source, published(key), published(other), withdrawn(key, 2))
        await carrier.carry()
        if step in ("before", "after"):
            setattr(ear, step, killed)
        async with carrier.bus.subscribe(SOURCE, ear.service.name) as subscription:
            wire = Wire(subscription, breaks=step)
            with pytest.raises(Exception) as failed:  # noqa: PT011 - whatever the driver makes of it
                await ear.delivery().step(wire)
            assert is_transient(failed.value)
            assert await ear.offset() == (3 if step == "report" else 0)
            ear.before = ear.after = None
            delivery = ear.delivery()
            while await delivery.step(wire):
                pass
        assert [(k, v) for k, v, _ in await ear.effects()] == [(str(key), 1), (str(other), 1), (str(key), 2)]
        assert await ear.parked() == {}

    async def test_two_owners_of_a_source_do_everything_once(
        self, carrier: Carrier, source: Database, ear: Ear
    ) -> None:
        keys = [uuid4() for _ in range(MANY)]
        await say(source, *map(published, keys))
        await carrier.carry()

        async def own() -> None:
            delivery = ear.delivery()
            async with carrier.bus.subscribe(SOURCE, ear.service.name) as subscription:
                while await ear.offset() < MANY:
                    await delivery.step(subscription)

        async with asyncio.timeout(60):
            await asyncio.gather(own(), own())
        assert [k for k, _, _ in await ear.effects()] == [str(key) for key in keys]

    async def test_reading_may_start_at_any_position_again(self, carrier: Carrier, source: Database) -> None:
        await say(source, *(published(uuid4(), title=str(n)) for n in range(MANY)))
        await carrier.carry()
        everything = await read_all(carrier.bus)
        assert [r.position for r in everything] == list(range(1, MANY + 1))
        assert await read_all(carrier.bus) == everything
        seen = everything[199]
        assert await read_all(carrier.bus, "reader", seen.position, seen.event_id) == everything[200:]

    async def test_a_full_replay_changes_nothing(self, carrier: Carrier, source: Database, ear: Ear) -> None:
        key = uuid4()
        await say(source, published(key), published(uuid4()), withdrawn(key, 2))
        await carrier.carry()
        await ear.hear(carrier.bus)
        before = await ear.effects()
        await ear.database.backbone.execute("update consumer_offset set position = 0, event_id = null")
        await ear.database.backbone.execute("delete from inbox")  # a replay of what is older than the inbox keeps
        await ear.hear(carrier.bus)
        assert (await ear.offset(), await ear.effects()) == (3, before)

    async def test_a_new_group_hears_everything_from_the_start(
        self, carrier: Carrier, source: Database, ears: tuple[Ear, Ear]
    ) -> None:
        await say(source, published(uuid4()), published(uuid4()))
        await carrier.carry()
        await ears[0].hear(carrier.bus)
        await say(source, published(uuid4()))
        await carrier.carry()
        for ear in ears:
            await ear.hear(carrier.bus)
        assert await ears[1].effects() == await ears[0].effects()
        assert len(await ears[1].effects()) == 3

    async def test_headers_and_bytes_arrive_as_they_were_said(self, carrier: Carrier, source: Database) -> None:
        context.request_id.set("0123456789abcdef")
        context.traceparent.set(f"00-{'ab' * 16}-{'cd' * 8}-01")
        event = published(uuid4(), 7, '全角空格\u3000,"引号"\\ \u2028 and 1e400', "行\n行")
        await say(source, event)
        await carrier.carry()
        [record] = await read_all(carrier.bus)
        assert record.payload == event.model_dump_json()
        assert record.headers == cloud_headers(event, str(record.event_id))
        assert record.headers["requestid"] == "0123456789abcdef"
        assert "traceparent" in record.headers
        assert (record.topic, record.key, record.version, record.type) == (
            "yangguang.village_affairs",
            event.key,
            7,
            "village_affairs.notice.published.v1",
        )

    async def test_what_was_withdrawn_stays_withdrawn(self, carrier: Carrier, source: Database, ear: Ear) -> None:
        key = uuid4()
        await say(source, withdrawn(key, 2))
        await say(source, published(key, 1))
        await carrier.carry()
        await ear.hear(carrier.bus)
        assert await ear.effects() == [(str(key), 2, "撤下")]
        assert await ear.offset() == 2

    async def test_the_largest_event_arrives(self, carrier: Carrier, source: Database, ear: Ear) -> None:
        key = uuid4()
        room = MAX_PAYLOAD_BYTES - len(published(key).model_dump_json().encode())
        event = published(key, summary="汉" * (room // 3) + "x" * (room % 3))
        await say(source, event)
        await carrier.carry()
        [record] = await read_all(carrier.bus)
        assert len(record.payload.encode()) == MAX_PAYLOAD_BYTES
        assert orjson.loads(record.payload)["summary"] == event.summary
        await ear.hear(carrier.bus)
        assert len(await ear.effects()) == 1

    async def test_a_parked_key_waits_while_others_flow(self, carrier: Carrier, source: Database, ear: Ear) -> None:
        async def poisoned(_session: AsyncSession, event: Event) -> None:
            if event.key == str(bad) and event.version == 2:
                raise ValueError("cannot be understood")

        ear.before = poisoned
        bad, good = uuid4(), uuid4()
        await say(source, *(published(key, version) for version in (1, 2, 3) for key in (bad, good)))
        await carrier.carry()
        async with carrier.bus.subscribe(SOURCE, ear.service.name) as subscription:
            wire, delivery = Wire(subscription), ear.delivery()
            while await delivery.step(wire):
                pass
        heard = [(k, v) for k, v, _ in await ear.effects()]
        assert heard == [(str(bad), 1), (str(good), 1), (str(good), 2), (str(good), 3)]
        assert await ear.parked() == {str(bad): "ValueError: cannot be understood"}
        reports: list[tuple[int, Sequence[str]]] = wire.reports
        assert reports[-1] == (6, [str(bad)])

    async def test_a_passing_fault_is_tried_again_in_place(self, carrier: Carrier, source: Database, ear: Ear) -> None:
        await say(source, published(uuid4()), published(uuid4()))
        await carrier.carry()
        ear.before = refused_for_now
        for _ in range(3):
            with pytest.raises(Exception) as failed:  # noqa: PT011 - whatever the driver makes of it
                await ear.hear(carrier.bus)
            assert is_transient(failed.value)
        assert (await ear.parked(), await ear.offset()) == ({}, 0)
        ear.before = None
        await ear.hear(carrier.bus)
        assert len(await ear.effects()) == 2

    async def test_the_loop_outlives_faults_and_hears_what_comes_later(
        self, carrier: Carrier, source: Database, ear: Ear
    ) -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()

        async def fails_once(session: AsyncSession, event: Event) -> None:
            ear.before = None
            await killed(session, event)

        async def tell(_session: AsyncSession, event: Event) -> None:
            heard.put_nowait(event.key)

        ear.before, ear.after = fails_once, tell
        loop = asyncio.create_task(ear.delivery().run(carrier.bus))
        try:
            for key in (uuid4(), uuid4()):
                await say(source, published(key))
                await carrier.carry()
                async with asyncio.timeout(30):
                    assert await heard.get() == str(key)
        finally:
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
