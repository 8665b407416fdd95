"""The Kafka sender: carries a service's journal to its topic, in order, from its own saved position.

One per database leads, as with the sequencers. A send has three outcomes: yes, no and unknown. The position moves only
over what is known to be there, so after a fault records may come twice and never are left out; readers put them in
order and drop the second.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client import Counter, Gauge

from libs.common import clock
from libs.common.bus import POLL_SECONDS, ForkedHistory, PositionGap, Record, read_journal
from libs.common.db import Connection, Database
from libs.common.failpoints import failpoint
from libs.common.kafka.clients import producing
from libs.common.kafka.topics import Brokers
from libs.common.kafka.wire import headers_of, milliseconds
from libs.common.leading import leading
from libs.common.lost import LOST
from libs.common.partition import partition

log = structlog.get_logger()
SINK = "kafka"
BATCH = 500
DEADLINE_SECONDS = 4.0
STANDBY_SECONDS = 0.25
GATHER_SECONDS = 0.05
"""How soon after one send the next may follow. What is said after a silence goes at once; under load a batch costs the
listeners, the brokers and this process hardly more than a single event."""

SILENT = "6s"
"""A leader that says nothing for so long, longer than a send may take, is frozen or cut off: the next one leads."""
RETRY_SECONDS = 0.5
RETRY_MOST_SECONDS = 5.0
BROKEN_SECONDS = 5.0

SENT = Counter("sender_send_total", "Journal rows sent to Kafka, by outcome.", ["service", "result"])
POSITION = Gauge("sender_position", "Last journal position that is known to be in Kafka.", ["service"])

_WHERE = "select position, event_id from sender_position where sink = $1"
_FIRST = "insert into sender_position (sink, position) values ($1, 0) on conflict (sink) do nothing"
_MOVE = "update sender_position set position = $3, event_id = $4 where sink = $1 and position = $2"
_RESEND = """
insert into sender_position (sink, position) values ($1, $2)
on conflict (sink) do update set position = excluded.position, event_id = null
"""


@dataclass(frozen=True)
class Sent:
    """What became of a batch: how many of its first records are known to be there, and what was wrong with the next."""

    known: int
    error: BaseException | None = None


async def send(database: Database, brokers: Brokers) -> None:
    """Be a sender until cancelled: the leader while no other process is, else a standby that tries again."""
    topic, pause = brokers.topic(database.service), RETRY_SECONDS
    while True:
        try:
            async with leading(
                database.service,
                database.dsn,
                "sender",
                again=STANDBY_SECONDS,
                idle_session_timeout=SILENT,
                # A crash may forget the last position: then some records come twice, which readers drop.
                synchronous_commit="off",
            ) as connection:
                await create_topics(database, brokers)
                async with sending(database.service, brokers) as producer:
                    with database.bell.waiting("journal") as news:
                        while True:
                            next_from = time.monotonic() + GATHER_SECONDS
                            sent = await send_once(database.service, connection, producer, topic)
                            pause = RETRY_SECONDS
                            if sent < BATCH:
                                await news.wait(POLL_SECONDS)
                                await asyncio.sleep(next_from - time.monotonic())
        except (ForkedHistory, PositionGap) as error:
            # What readers have is not what the journal says now: an operator decides (`resend`), nobody guesses.
            log.error("sender.broken_history", service=database.service, error=str(error))
            await asyncio.sleep(BROKEN_SECONDS)
        except (KafkaError, *LOST) as error:
            log.warning("sender.lost", service=database.service, error=repr(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_MOST_SECONDS)


async def send_once(service: str, connection: asyncpg.Connection, producer: AIOKafkaProducer, topic: str) -> int:
    """Send one batch. Returns how many records are known to be there. Only for whoever leads.

    No transaction is open while the brokers are waited for: its snapshot would hold back vacuum in the whole server.

    Raises what was wrong with the first record that is not known to be there, after the position of those before it
    was saved: the producer must then be thrown away. Raises ForkedHistory and PositionGap as a subscription does.
    """
    saved = await connection.fetchrow(_WHERE, SINK)
    if saved is None:
        await connection.execute(_FIRST, SINK)
    position, event_id = saved or (0, None)
    records = await read_journal(connection, service, position, event_id, BATCH)
    if not records:
        return 0
    await failpoint("sender.read")
    sent = await _send(producer, topic, records)
    await failpoint("sender.sent")
    if sent.known:
        last = records[sent.known - 1]
        # Nothing moves when an operator had it sent anew meanwhile: then it goes on from there.
        await connection.execute(_MOVE, SINK, position, last.position, last.event_id)
        POSITION.labels(service).set(last.position)
    await failpoint("sender.after_commit")
    SENT.labels(service, "known").inc(sent.known)
    if sent.error is not None:
        SENT.labels(service, "unknown").inc(len(records) - sent.known)
        raise sent.error
    return sent.known


async def resend(connection: Connection, after: int) -> None:
    """Have the sender go on behind journal position `after`, as after a topic was lost. Readers drop what they know."""
    await connection.execute(_RESEND, SINK, after)


async def _send(producer: AIOKafkaProducer, topic: str, records: Sequence[Record]) -> Sent:
    waiting: list[asyncio.Future[object]] = []
    now = milliseconds(clock.now())
    error: BaseException | None = None
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            for record in records:
                waiting.append(
                    await producer.send(
                        topic,
                        record.payload.encode(),
                        key=record.key.encode(),
                        partition=partition(record.key),
                        # A broker refuses what claims to come from the future.
                        timestamp_ms=min(milliseconds(record.created_at), now),
                        headers=headers_of(record),
                    )
                )
            await asyncio.wait(waiting)
    except (TimeoutError, KafkaError) as late:
        error = late
    known = 0
    for outcome in waiting:
        if not outcome.done() or outcome.cancelled() or outcome.exception() is not None:
            break
        known += 1
    for outcome in waiting[known:]:
        if not outcome.done():
            outcome.cancel()
        elif not outcome.cancelled():
            error = error or outcome.exception()
    if known < len(records) and error is None:
        error = TimeoutError(f"{topic}: no answer within {DEADLINE_SECONDS} s")
    return Sent(known, error)


async def create_topics(database: Database, brokers: Brokers) -> None:
    """Create the topics where they are missing; then everything is to be sent, whatever was sent to a lost one."""
    if not await brokers.has(database.service):
        async with database.backbone.acquire() as connection:
            await resend(connection, 0)  # first: a kill in between finds the topic missing again
        log.warning("sender.new_topic", service=database.service)
    await brokers.create(database.service)


def sending(service: str, brokers: Brokers) -> AbstractAsyncContextManager[AIOKafkaProducer]:
    """The producer of a service's sender."""
    return producing(brokers, f"{service}-sender", acks="all", deadline=DEADLINE_SECONDS)
