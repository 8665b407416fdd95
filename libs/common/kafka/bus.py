"""KafkaBus: a listener group's view of a source through Kafka, in the order of the journal.

A subscription reads all partitions by itself and merges them by position. There is no consumer group protocol, so there
are no rebalances: two workers of one service both read, and the row of `consumer_offset` decides who applies a batch.
Where to begin reading is found by time, and the gap-free positions prove that nothing was skipped: when one is missing
the topic is read from its beginning, and when it is missing there, too, PositionGap is raised.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client import Counter

from libs.common.bus import POLL_SECONDS, PositionGap, Record, Subscription
from libs.common.db import Database
from libs.common.kafka.clients import assign, consuming
from libs.common.kafka.merge import Merge
from libs.common.kafka.progress import Progress, hear_progress
from libs.common.kafka.sender import send
from libs.common.kafka.topics import REQUEST_MS, Brokers
from libs.common.kafka.wire import made_at, record_of
from libs.common.partition import PARTITIONS

log = structlog.get_logger()
CLOCKS_APART_MS = 60_000
"""How far the clocks of a source's processes may differ before a subscription has to read its topic from the start."""

MISSING_SECONDS = 30.0
"""How long a position may be missing at the end of the topic; the sender repeats a failed send sooner than that."""

WATCH_SECONDS = 10.0
"""How long nothing may come before a subscription asks the brokers whether there is something."""

REBUILT = Counter("consumer_rebuilt_total", "Kafka consumers given up because they stood still.", ["group", "source"])


class Stuck(ConnectionError):
    """The consumer gets nothing although the topic holds more; it is thrown away and made anew."""


class KafkaBus:
    """The bus for many nodes. Close it with `close()`."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._progress = Progress(brokers)

    @asynccontextmanager
    async def subscribe(self, source: str, group: str) -> AsyncIterator[Subscription]:
        """See `Bus.subscribe`. Raises KafkaError when no broker answers or the source's topic is not there yet."""
        name = f"{group}-hears-{source}"
        # From the earliest where the saved place is gone: the topic was lost and is being sent again.
        async with consuming(self._brokers, name, begin="earliest") as consumer:
            parts = await assign(consumer, self._brokers.topic(source), PARTITIONS)
            yield _KafkaSubscription(consumer, parts, self._progress, source, group)

    async def carry(self, database: Database) -> None:
        """See `Bus.carry`: the journal goes to its topic, and word of the groups' progress comes back."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(send(database, self._brokers), name=f"{database.service}:sender")
            tasks.create_task(hear_progress(database, self._brokers), name=f"{database.service}:progress")

    async def state(self) -> str:
        """See `Bus.state`."""
        return f"kafka: {await self._brokers.state()}"

    async def close(self) -> None:
        """Say good-bye to the brokers."""
        await self._progress.close()


class _KafkaSubscription:
    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        parts: Sequence[TopicPartition],
        progress: Progress,
        source: str,
        group: str,
    ) -> None:
        self._consumer = consumer
        self._parts = parts
        self._progress = progress
        self._source = source
        self._group = group
        self._merge: Merge | None = None
        self._whole = False  # whether the topic was read from its beginning
        self._heard_at = self._now()

    async def read(self, after: int, event_id: UUID | None) -> Sequence[Record]:
        """See `Subscription.read`."""
        merge = self._merge
        if merge is None or after < merge.at:
            merge = await self._begin(after, event_id, whole=event_id is None)
        else:
            merge.advance(after, event_id)
            if not merge.next():
                await self._fetch(merge, 0)
        found = merge.next()
        if not found:
            await self._watch(merge)
        return found

    async def wait(self) -> None:
        """See `Subscription.wait`."""
        if self._merge is not None:
            await self._fetch(self._merge, POLL_SECONDS)
            self._progress.repeat(self._source, self._group)

    async def report(self, position: int, parked: Sequence[str]) -> None:
        """See `Subscription.report`."""
        self._progress.report(self._source, self._group, position, parked)

    async def _begin(self, after: int, event_id: UUID | None, *, whole: bool) -> Merge:
        """Find the place behind `after`, and read until the first batch is there or the topic ends."""
        ends = await self._consumer.end_offsets(self._parts)
        starts = await self._consumer.beginning_offsets(self._parts)
        if event_id is not None and not whole:
            since = made_at(event_id) - CLOCKS_APART_MS
            found = await self._consumer.offsets_for_times(dict.fromkeys(self._parts, since))
            starts = {part: found[part].offset if found.get(part) else ends[part] for part in self._parts}
        for part, offset in starts.items():
            self._consumer.seek(part, offset)
        self._consumer.resume(*self._parts)
        merge = self._merge = Merge(self._source, after, event_id)
        self._whole = whole
        self._heard_at = self._now()
        while not merge.next() and not await self._reached(ends):
            await self._fetch(merge, POLL_SECONDS)
            if self._now() - self._heard_at > WATCH_SECONDS:
                self._give_up()
        return merge

    async def _fetch(self, merge: Merge, seconds: float) -> None:
        batches = await self._consumer.getmany(timeout_ms=int(seconds * 1000))
        for part, messages in batches.items():
            for message in messages:
                merge.add(record_of(message, self._source), part.partition)
        if batches:
            self._heard_at = self._now()
        # A partition of which enough is kept must wait, unless what is missing does not come otherwise.
        stalled = bool(seconds) and not batches and merge.missing is not None
        full = set() if stalled else {part for part in self._parts if merge.full(part.partition)}
        paused = self._consumer.paused()
        self._consumer.pause(*full - paused)
        self._consumer.resume(*paused - full)

    async def _reached(self, ends: dict[TopicPartition, int]) -> bool:
        async with asyncio.timeout(REQUEST_MS / 1000):
            for part in self._parts:
                if await self._consumer.position(part) < ends[part]:
                    return False
        return True

    async def _watch(self, merge: Merge) -> None:
        """Notice what would otherwise be silence: a record that never comes, a consumer that stands still."""
        now = self._now()
        if merge.lacking(now) > MISSING_SECONDS:
            if self._whole:
                raise PositionGap(f"{self._source}: position {merge.missing} is not in the topic")
            log.warning("kafka.reads_anew", source=self._source, group=self._group, missing=merge.missing)
            await self._begin(merge.at, None, whole=True)
        elif now - self._heard_at > WATCH_SECONDS:
            self._heard_at = now
            if not await self._reached(await self._consumer.end_offsets(self._parts)):
                self._give_up()

    def _give_up(self) -> NoReturn:
        REBUILT.labels(self._group, self._source).inc()
        raise Stuck(f"{self._source}: the consumer of {self._group} stands still")

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
