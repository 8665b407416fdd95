"""How many events per second come from an outbox to a listener's committed effect, on either bus."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import orjson

from bench.rig import Figure, Rig
from libs.common.events import NoticePublished
from libs.common.identifiers import uuid7
from libs.common.kafka.clients import assign, consuming
from libs.common.kafka.sender import sending
from libs.common.kafka.topics import Brokers
from libs.common.outbox import cloud_headers
from libs.common.partition import PARTITIONS, partition

EVENTS = 30_000
WARM = 500
SOURCE, LISTENER = "village_affairs", "catalog"
_APPLIED = "select coalesce(max(position), 0) from consumer_offset where source = 'village_affairs'"
_COLUMNS = ("event_id", "topic", "part", "key", "version", "type", "payload", "headers")


async def journal_events(rig: Rig) -> list[Figure]:
    """Outbox to effect through the journal bus."""
    rate = await _rate(rig, {})
    return [Figure("outbox to a listener's effect, journal bus", "5,000 /s", f"{rate:,.0f} /s", rate >= 5_000)]


async def kafka_events(rig: Rig) -> list[Figure]:
    """Outbox to effect through Kafka, beside bare aiokafka with the same bytes."""
    with rig.kafka() as servers:
        bare = await _bare(Brokers(servers, prefix="bare"))
        rate = await _rate(rig, {"KAFKA_BOOTSTRAP_SERVERS": servers})
    measured = f"{rate:,.0f} /s ({rate / bare:.2f} of bare produce and consume, {bare:,.0f} /s)"
    return [Figure("outbox to a listener's effect, Kafka", "3,000 /s", measured, rate >= 3_000)]


async def _rate(rig: Rig, environment: Mapping[str, str]) -> float:
    """One worker says, another one hears, as processes of their own."""
    async with (
        rig.services("worker", [SOURCE], environment),
        rig.services("worker", [LISTENER], environment),
        rig.connect(SOURCE) as source,
        rig.connect(LISTENER) as listener,
    ):
        await _say(source, WARM)
        await _applied(listener, WARM)
        rows = [_row(event) for event in _events(EVENTS)]
        started = time.perf_counter()
        await _say(source, EVENTS, rows)
        await _applied(listener, WARM + EVENTS)
        return EVENTS / (time.perf_counter() - started)


async def _bare(brokers: Brokers) -> float:
    """The same keys, values and headers, sent and read by aiokafka with nothing behind it."""
    await brokers.create(SOURCE)
    rows = [_row(event) for event in _events(EVENTS)]
    records = [
        (str(row[3]).encode(), str(row[6]).encode(), [(k, v.encode()) for k, v in orjson.loads(str(row[7])).items()])
        for row in rows
    ]
    topic = brokers.topic(SOURCE)
    async with sending(SOURCE, brokers) as producer, consuming(brokers, "bare", begin="earliest") as consumer:
        await assign(consumer, topic, PARTITIONS)

        async def consume() -> None:
            found = 0
            while found < EVENTS:
                found += sum(map(len, (await consumer.getmany(timeout_ms=500)).values()))

        started = time.perf_counter()
        reading = asyncio.create_task(consume())
        sent = [await producer.send(topic, value, key=key, headers=headers) for key, value, headers in records]
        await asyncio.gather(reading, *sent)
        return EVENTS / (time.perf_counter() - started)


def _events(count: int) -> list[NoticePublished]:
    at = datetime.now(UTC)
    return [
        NoticePublished(
            version=1,
            at=at,
            notice=(key := uuid4()),
            village="990001101201",
            village_name="东庄村",
            title=f"2026年第三季度集体财务收支公开 {n}",
            category="finance",
            catalog_item="27001001",
            field="27",
            period="2026年第三季度",
            summary="收入、支出、结余和债权债务情况。" * 8,
            path=f"/village-affairs/notices/{key}",
            first_published_at=at,
            published_at=at,
        )
        for n in range(count)
    ]


def _row(event: NoticePublished) -> tuple[object, ...]:
    event_id = uuid7()
    headers = orjson.dumps(cloud_headers(event, str(event_id))).decode()
    said = (event.key, event.version, event.kind, event.model_dump_json(), headers)
    return (event_id, event.topic(), partition(event.key), *said)


async def _say(connection: asyncpg.Connection, count: int, rows: Sequence[tuple[object, ...]] = ()) -> None:
    made = rows or [_row(event) for event in _events(count)]
    async with connection.transaction():
        await connection.copy_records_to_table("outbox", records=made, columns=_COLUMNS)
    await connection.execute("notify outbox")


async def _applied(connection: asyncpg.Connection, position: int) -> None:
    while await connection.fetchval(_APPLIED) < position:
        await asyncio.sleep(0.02)
