"""How far each group is, told to the producer through Kafka: what its receipts are put together from.

A report is a hint and may be lost: the newest one of each group is repeated while nothing happens. So the producer's
worker needs no saved place: it listens from the end on, and whoever comes later hears everything within seconds.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from libs.common import clock
from libs.common.bus import REPORT
from libs.common.db import Database
from libs.common.kafka.clients import assign, consuming, producing
from libs.common.kafka.topics import Brokers
from libs.common.lost import LOST

log = structlog.get_logger()
REPEAT_SECONDS = 5.0
DEADLINE_SECONDS = 5.0
LINGER_MS = 20
RETRY_SECONDS = 1.0
WAITING_MOST = 1_000


class Progress:
    """The reports of the groups in this process, sent from one producer in the background."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers
        self._waiting: asyncio.Queue[tuple[str, str, bytes]] = asyncio.Queue(WAITING_MOST)
        self._newest: dict[tuple[str, str], tuple[float, int, Sequence[str]]] = {}
        self._task: asyncio.Task[None] | None = None

    def report(self, source: str, group: str, position: int, parked: Sequence[str]) -> None:
        """Tell `source` how far `group` is. Returns at once; a report that finds no place is dropped."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="progress")
        self._newest[source, group] = asyncio.get_running_loop().time(), position, parked
        said = orjson.dumps({"group": group, "position": position, "parked": list(parked), "at": clock.now()})
        if not self._waiting.full():
            self._waiting.put_nowait((source, group, said))

    def repeat(self, source: str, group: str) -> None:
        """Say the newest report again when it is some seconds old."""
        at, position, parked = self._newest.get((source, group), (None, 0, ()))
        if at is not None and asyncio.get_running_loop().time() - at > REPEAT_SECONDS:
            self.report(source, group, position, parked)

    async def close(self) -> None:
        """Stop sending."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                # Each report names its time, so they may come late, and cost the producer's worker less together.
                async with producing(
                    self._brokers, "progress", acks=1, deadline=DEADLINE_SECONDS, linger_ms=LINGER_MS
                ) as producer:
                    while True:
                        source, group, said = await self._waiting.get()
                        await producer.send(self._brokers.progress_topic(source), said, key=group.encode())
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("progress.retry", error=repr(error))
                await asyncio.sleep(RETRY_SECONDS)


async def hear_progress(database: Database, brokers: Brokers) -> None:
    """Write the reports of the groups that hear this service into its database, until cancelled."""
    while True:
        try:
            async with consuming(brokers, f"{database.service}-progress", begin="latest") as consumer:
                await assign(consumer, brokers.progress_topic(database.service), 1)
                while True:
                    for messages in (await consumer.getmany(timeout_ms=500)).values():
                        await _note(database, messages)
        except (KafkaError, *LOST) as error:
            log.warning("progress.lost", service=database.service, error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)


async def _note(database: Database, messages: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
    reports = []
    for message in messages:
        try:
            said = orjson.loads(message.value)
            known = str(said["group"]), int(said["position"]), [str(key) for key in said["parked"]]
            at = datetime.fromisoformat(said["at"]).astimezone(UTC)
        except (ValueError, KeyError, TypeError) as error:
            log.warning("progress.malformed", service=database.service, error=repr(error))
            continue
        reports.append((*known, at))
    await database.backbone.executemany(REPORT, reports)
