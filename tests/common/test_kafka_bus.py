"""KafkaBus on Apache Kafka: the suite of every bus, and what only a bus over a broker can get wrong."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import confluent_kafka
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from libs.common.bus import Bus, ForkedHistory, PositionGap, Record
from libs.common.db import Database
from libs.common.events import Event, NoticePublished
from libs.common.identifiers import uuid7
from libs.common.kafka import bus as kafka_bus
from libs.common.kafka import sender
from libs.common.kafka.bus import KafkaBus
from libs.common.kafka.progress import hear_progress
from libs.common.kafka.sender import create_topics, resend, send, send_once, sending
from libs.common.kafka.topics import Brokers
from libs.common.leading import leading
from tests.common.bus_conformance import BusConformance, read_all
from tests.common.hearing import SOURCE, Ear, Wire, published, say, sequence_all
from tests.kafka import needs_kafka
from tests.platform import Platform

pytestmark = needs_kafka


@dataclass
class KafkaCarrier:
    """The sequencer brings events to the journal, the sender to Kafka; each step is taken when it is asked for."""

    bus: Bus
    source: Database
    brokers: Brokers

    async def carry(self) -> None:
        """See `Carrier.carry`."""
        await sequence_all(self.source)
        await self.send()

    async def send(self) -> None:
        """Send everything that the journal holds."""
        connection = await asyncpg.connect(self.source.dsn)
        try:
            async with sending(SOURCE, self.brokers) as producer:
                while await send_once(SOURCE, connection, producer, self.brokers.topic(SOURCE)):
                    pass
        finally:
            await connection.close()


@pytest.fixture
async def carrier(kafka: str, source: Database) -> AsyncIterator[KafkaCarrier]:
    """The bus under test, on topics of its own."""
    brokers = Brokers(kafka, prefix=f"test-{uuid4().hex[:12]}")
    await create_topics(source, brokers)
    bus = KafkaBus(brokers)
    yield KafkaCarrier(bus, source, brokers)
    await bus.close()


class TestKafkaBus(BusConformance):
    """Kafka keeps what every bus promises."""


async def heard_after(carrier: KafkaCarrier, source: Database, ear: Ear, *events: NoticePublished) -> None:
    """The events were said, carried and heard."""
    await say(source, *events)
    await carrier.carry()
    await ear.hear(carrier.bus)


async def test_what_a_send_of_unknown_outcome_doubled_is_dropped(
    carrier: KafkaCarrier, source: Database, ear: Ear
) -> None:
    await heard_after(carrier, source, ear, *(published(uuid4()) for _ in range(20)))
    async with source.backbone.acquire() as connection:
        await resend(connection, 5)
    await heard_after(carrier, source, ear, published(uuid4()))
    assert (await ear.offset(), len(await ear.effects())) == (21, 21)


async def test_a_lost_topic_is_made_anew_and_sent_again(carrier: KafkaCarrier, source: Database, ear: Ear) -> None:
    await heard_after(carrier, source, ear, *(published(uuid4()) for _ in range(20)))
    async with carrier.brokers.admin() as admin:
        await admin.delete_topics([carrier.brokers.topic(SOURCE)])
    while await carrier.brokers.has(SOURCE):
        pass
    await create_topics(source, carrier.brokers)
    await heard_after(carrier, source, ear, published(uuid4()))
    assert (await ear.offset(), len(await ear.effects())) == (21, 21)
    assert [r.position for r in await read_all(carrier.bus)] == list(range(1, 22))


async def test_a_record_that_lies_before_the_place_found_by_time_is_still_found(
    carrier: KafkaCarrier, source: Database, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a clock that went far ahead: reading begins behind the record that comes next."""
    await heard_after(carrier, source, ear, published(uuid4()))
    monkeypatch.setattr(kafka_bus, "CLOCKS_APART_MS", -3_600_000)
    monkeypatch.setattr(kafka_bus, "MISSING_SECONDS", 0.0)
    await say(source, published(uuid4()))
    await carrier.carry()
    async with carrier.bus.subscribe(SOURCE, ear.service.name) as subscription:
        delivery = ear.delivery()
        assert not await delivery.step(subscription)
        await say(source, published(uuid4()))
        await carrier.carry()
        while await ear.offset() < 3:
            await delivery.step(subscription)
            await subscription.wait()
    assert len(await ear.effects()) == 3


async def test_a_position_that_is_not_in_the_topic_is_never_skipped(
    carrier: KafkaCarrier, source: Database, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(source, *(published(uuid4()) for _ in range(3)))
    await sequence_all(source)
    async with source.backbone.acquire() as connection:
        await resend(connection, 1)  # as if the first record had been lost
    await carrier.send()
    monkeypatch.setattr(kafka_bus, "MISSING_SECONDS", 0.0)
    with pytest.raises(PositionGap, match="position 1 is not in the topic"):
        await keep_reading(carrier.bus)
    assert await ear.effects() == []


async def keep_reading(bus: Bus) -> None:
    """Read until something is wrong."""
    async with bus.subscribe(SOURCE, "reader") as subscription:
        while not await subscription.read(0, None):
            await subscription.wait()


@pytest.mark.parametrize("when", ["from the start", "while it waits"])
async def test_a_consumer_that_stands_still_is_made_anew(
    carrier: KafkaCarrier, source: Database, ear: Ear, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The library's consumer can get nothing for ever and say nothing, as after a broker came back (aiokafka #1154)."""
    await heard_after(carrier, source, ear, published(uuid4()))
    works, stands, stood = AIOKafkaConsumer.getmany, asyncio.Event(), asyncio.Event()

    async def nothing(consumer: AIOKafkaConsumer, **how: object) -> object:
        if stands.is_set() and consumer._client._client_id == "ear-hears-village_affairs":
            stood.set()
            await asyncio.sleep(0.01)
            return {}
        return await works(consumer, **how)

    async def another() -> None:
        await say(source, published(uuid4()))
        await carrier.carry()

    async def until(offset: int) -> None:
        while await ear.offset() < offset:
            await asyncio.sleep(0.05)

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", nothing)
    monkeypatch.setattr(kafka_bus, "WATCH_SECONDS", 0.5)
    rebuilt = kafka_bus.REBUILT.labels("ear", SOURCE)
    before = rebuilt._value.get()
    last = 2 if when == "from the start" else 3
    if when == "from the start":
        stands.set()
    loop = asyncio.create_task(ear.delivery().run(carrier.bus))
    try:
        async with asyncio.timeout(60):
            if when == "while it waits":
                await another()
                await until(2)
                stands.set()
                await stood.wait()  # the call under way would still have got the next record
            await another()
            while rebuilt._value.get() == before:
                await asyncio.sleep(0.05)
            stands.clear()
            await until(last)
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
    assert len(await ear.effects()) == last


async def test_a_rewritten_history_is_noticed_by_readers_and_by_the_sender(
    carrier: KafkaCarrier, source: Database, ear: Ear
) -> None:
    await heard_after(carrier, source, ear, *(published(uuid4()) for _ in range(3)))
    await source.backbone.execute("update journal set event_id = $1 where position = 3", uuid4())
    with pytest.raises(ForkedHistory, match="position 3 holds another event"):
        await carrier.send()
    await ear.database.backbone.execute("update consumer_offset set event_id = $1", uuid7())
    with pytest.raises(ForkedHistory, match="position 3 holds another event"):
        await ear.hear(carrier.bus)


async def test_one_sender_at_a_time(carrier: KafkaCarrier, source: Database) -> None:
    await say(source, published(uuid4()))
    await sequence_all(source)
    tries = "select count(*) from pg_stat_activity where application_name = $1 and query like '%advisory_lock%'"
    async with leading(SOURCE, source.dsn, "sender", again=0.01):
        standby = asyncio.create_task(send(source, carrier.brokers))
        try:
            async with asyncio.timeout(30):
                while await source.backbone.fetchval(tries, f"{SOURCE}-sender") < 2:
                    await asyncio.sleep(0.01)
            assert await source.backbone.fetchval("select max(position) from sender_position") == 0
        finally:
            standby.cancel()
            await asyncio.gather(standby, return_exceptions=True)
    await carrier.send()
    assert await source.backbone.fetchval("select max(position) from sender_position") == 1


async def test_what_is_said_in_quick_succession_travels_together(
    carrier: KafkaCarrier, source: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: asyncio.Queue[int] = asyncio.Queue()

    async def noted(*arguments: Any) -> int:
        sent = await send_once(*arguments)
        if sent:
            batches.put_nowait(sent)
        return sent

    monkeypatch.setattr(sender, "GATHER_SECONDS", 3.0)
    monkeypatch.setattr(sender, "send_once", noted)
    task = asyncio.create_task(send(source, carrier.brokers))
    try:
        async with asyncio.timeout(60):
            for many in (1, 3):
                for _ in range(many):
                    await say(source, published(uuid4()))
                    await sequence_all(source)
                assert await batches.get() == many
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_position_moves_only_over_what_the_broker_has(carrier: KafkaCarrier, source: Database) -> None:
    await say(source, *(published(uuid4()) for _ in range(3)))
    await sequence_all(source)
    connection = await asyncpg.connect(source.dsn)
    try:
        async with sending(SOURCE, carrier.brokers) as producer:
            with pytest.raises((KafkaError, TimeoutError)):
                await send_once(SOURCE, connection, producer, carrier.brokers.topic("nobody"))
        assert await connection.fetchval("select position from sender_position") == 0
    finally:
        await connection.close()
    await carrier.send()
    assert len(await read_all(carrier.bus)) == 3


async def test_the_producer_learns_how_far_each_group_is(carrier: KafkaCarrier, source: Database, ear: Ear) -> None:
    hearing = asyncio.create_task(hear_progress(source, carrier.brokers))
    try:
        await say(source, *(published(uuid4()) for _ in range(3)))
        await carrier.carry()
        async with carrier.bus.subscribe(SOURCE, "ear") as subscription:
            with source.bell.waiting("progress") as told:
                async with asyncio.timeout(30):
                    # Whoever listens late hears it again, as from a subscription with nothing to do.
                    while await source.backbone.fetchval("select count(*) from journal_reader") == 0:
                        await subscription.report(3, ["a"])
                        await told.wait(0.2)
        row = await source.backbone.fetchrow("select grp, position, parked from journal_reader")
        assert row is not None
        assert tuple(row) == ("ear", 3, ["a"])
        assert await source.backbone.fetchval("select at from journal_progress where position = 3") is not None
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)


async def test_a_county_moves_to_kafka_and_back_without_losing_or_repeating_anything(
    platform: Platform, carrier: KafkaCarrier, source: Database, ear: Ear
) -> None:
    keys = [uuid4() for _ in range(60)]
    buses: list[Bus] = [platform.bus, carrier.bus, platform.bus]
    for turn, bus in enumerate(buses):
        await say(source, *(published(key, turn + 1) for key in keys[: 20 * (turn + 1)]))
        await sequence_all(source)
        await carrier.send()
        async with bus.subscribe(SOURCE, ear.service.name) as subscription:
            # The move comes in the middle: some of what this turn said is left to the next bus.
            if turn < 2:
                await ear.delivery().step(Halved(subscription))
            else:
                while await ear.delivery().step(subscription):
                    pass
    expected = [(str(key), turn + 1) for turn in range(3) for key in keys[: 20 * (turn + 1)]]
    assert [(key, version) for key, version, _ in await ear.effects()] == expected
    assert await ear.offset() == len(expected)


class Halved(Wire):
    """A subscription that gives half of what there is."""

    async def read(self, after: int, event_id: UUID | None) -> Sequence[Record]:
        """See `Subscription.read`."""
        found = await super().read(after, event_id)
        return found[: len(found) // 2]


async def test_a_foreign_client_reads_cloud_events_from_where_it_would_have_put_them(
    carrier: KafkaCarrier, source: Database
) -> None:
    """librdkafka, the other family of clients: what another organisation subscribes with is likely to stand on it."""
    events = [published(uuid4(), title=f"公告 {n}") for n in range(60)]
    await say(source, *events)
    await carrier.carry()
    found = await asyncio.to_thread(foreign_read, carrier.brokers, len(events))
    assert {key for key, _, _, _ in found} == {event.key for event in events}
    for key, _part, headers, value in found:
        assert headers["ce_specversion"] == "1.0"
        assert headers["ce_source"] == "/yangguang/village_affairs"
        assert headers["content-type"] == "application/json"
        assert UUID(headers["ce_id"]).version == 7
        assert datetime.fromisoformat(headers["ce_time"]).tzinfo is not None
        assert Event.known[headers["ce_type"]].model_validate_json(value).key == headers["ce_subject"] == key
    chosen = await asyncio.to_thread(foreign_partitions, carrier.brokers, [event.key for event in events])
    assert {key: part for key, part, _, _ in found} == chosen


def foreign_read(brokers: Brokers, number: int) -> list[tuple[str, int, dict[str, str], str]]:
    """(key, partition, headers, value) of so many records, read with librdkafka."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": brokers.bootstrap, "group.id": f"foreign-{uuid4()}", "auto.offset.reset": "earliest"}
    )
    found: list[tuple[str, int, dict[str, str], str]] = []
    try:
        consumer.subscribe([brokers.topic(SOURCE)])
        while len(found) < number:
            message = consumer.poll(30)
            assert message is not None
            assert message.error() is None
            headers = {name: _text(value) for name, value in dict(message.headers() or {}).items()}
            found.append((_text(message.key()), message.partition() or 0, headers, _text(message.value())))
    finally:
        consumer.close()
    return found


def foreign_partitions(brokers: Brokers, keys: Sequence[str]) -> dict[str, int]:
    """Where librdkafka puts these keys when it is asked to do as the Java clients do."""
    chosen: dict[str, int] = {}
    producer = confluent_kafka.Producer({"bootstrap.servers": brokers.bootstrap, "partitioner": "murmur2_random"})
    for key in keys:
        producer.produce(
            brokers.topic(SOURCE),
            key=key,
            on_delivery=lambda _error, message: chosen.update({_text(message.key()): message.partition() or 0}),
        )
    assert producer.flush(30) == 0
    return chosen


def _text(value: str | bytes | None) -> str:
    assert value is not None
    return value if isinstance(value, str) else value.decode()
