"""Events in: one transaction per batch holds the inbox rows, the effects and the offset.

Delivered twice, an event has its effect once; delivered late, behind a newer one, it has none: `heard` keeps the
newest version of every thing, also of a withdrawn one (the tombstone), and the listener is not called for older
news. A transient fault retries the batch in place. A poison event parks its key with the cause, while other keys
flow; events carry full state, so a parked key loses nothing when it is driven again (`libs/common/parked.py`).
What a replay addresses to this service (`libs/common/replay.py`) is applied at the version that is known, too.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import structlog
from prometheus_client import Counter, Gauge, Histogram
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import clock
from libs.common.bus import Bus, ForkedHistory, PositionGap, Record, Subscription
from libs.common.db import Database, driver_of, settle
from libs.common.events import Event
from libs.common.failpoints import failpoint
from libs.common.outbox import HEARD_KEYS, REPLAYED, REPLAYED_TO
from libs.common.service import Service

log = structlog.get_logger()
RETRY_SECONDS = 0.2
RETRY_MOST_SECONDS = 5.0
BROKEN_SECONDS = 5.0
BEATEN_SECONDS = 1.0
"""How long a worker leaves a source to the one that was faster. All of them read it, one applies each batch: those that
kept trying would only wait for its commits, and take the processor that it works on."""

REPORTED_KEYS = 200
PARKED_SECONDS = 3.0

APPLIED = Counter("inbox_applied_total", "Events whose effect was committed.", ["service", "source"])
STALE = Counter("inbox_stale_total", "Events older than what was applied, or seen before.", ["service", "source"])
PARKED = Gauge("parked_keys", "Keys parked by poison events.", ["service", "source"])
OLDEST = Gauge("parked_oldest_age_seconds", "Age of the key that is parked longest; 0: none.", ["service", "source"])
DELAY = Histogram(
    "publish_to_effect_seconds",
    "From the act at the source to the committed effect of a listener.",
    ["service", "source"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300),
)

_TRANSIENT = (
    *(OSError, TimeoutError, PoolTimeout),
    *(asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError),
)
# Serialisation, locks, deadlines, shutdown; and no room (disk, memory, connections), for which no event is to blame.
_TRANSIENT_STATES = {"40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03"}
_TRANSIENT_STATES |= {"53000", "53100", "53200", "53300", "53400", "58030"}
# A lost connection: SQLAlchemy hands it on as an error of no kind while the driver has not noticed that it is closed.
_TRANSIENT_STATES |= {"08000", "08001", "08003", "08004", "08006", "08007", "08P01"}

LOCK_OFFSET = "select position from consumer_offset where source = $1 for update"
# A statement of its own, so that its snapshot is younger than the lock: a redrive may have held that until now.
_PARKED = "select key from parked where source = $1"
_PARKED_NOW = """
select array(select key from parked where source = $1 order by key limit $2) as keys, count(*),
       coalesce(extract(epoch from clock_timestamp() - min(parked_at)), 0)::float8 as oldest
from parked where source = $1
"""
_FIRST_OFFSET = "insert into consumer_offset (source, position) values ($1, 0) on conflict (source) do nothing"
# First of all: the row that it locks keeps other owners and redrives out until the commit.
_MOVE_OFFSET = """
update consumer_offset set position = $3, event_id = $4 where source = $1 and position = $2 returning true
"""
_NEW = """
with new as (insert into inbox (event_id) select unnest($1::uuid[]) on conflict do nothing returning event_id),
     known as (select key, version from heard where topic = $2 and key = any($3))
select array(select event_id from new) as new, array(select key from known order by key) as keys,
       array(select version from known order by key) as versions
"""
REMEMBER = """
insert into heard (topic, key, version, type, at)
select $1, k, v, t, clock_timestamp() from unnest($2::text[], $3::bigint[], $4::text[]) as n (k, v, t)
on conflict (topic, key) do update set version = excluded.version, type = excluded.type, at = excluded.at
where heard.version < excluded.version or (heard.version = excluded.version and excluded.type is not null)
"""
_PARK = """
insert into parked (source, key, from_position, reason) values ($1, $2, $3, $4)
on conflict (source, key) do update set attempts = parked.attempts + 1, reason = excluded.reason
"""
# Events carry the whole state, so the newest one of a parked key is all that a redrive needs.
_KEEP_NEWEST = """
update parked set position = $3, event_id = $4, version = $5, type = $6, payload = $7, headers = $8, created_at = $9
where source = $1 and key = $2 and coalesce(version, 0) < $5
"""


@dataclass
class Delivery:
    """The loop that brings the events of one source to one service, from its saved offset on."""

    service: Service
    database: Database
    source: str
    parked: set[str] = field(default_factory=set)
    told: list[str] | None = None
    """The parked keys that the producer was told of last; None: nothing yet."""
    at: tuple[int, UUID | None] | None = None
    """The offset as this loop saw it last; another owner's move of it is noticed with the next event, or at a look."""

    @cached_property
    def kinds(self) -> dict[str, type[Event]]:
        """The event classes that the service hears of this source."""
        return {kind.kind: kind for kind in self.service.listeners if kind.service() == self.source}

    async def run(self, bus: Bus) -> None:
        """Deliver until cancelled. Nothing that a batch raises ends the loop."""
        pause = RETRY_SECONDS
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with bus.subscribe(self.source, self.service.name) as subscription:
                    # A kill between a batch's commit and its report would leave receipts waiting.
                    self.told = None
                    look_again = loop.time()
                    while True:
                        if loop.time() >= look_again:
                            self.at = None
                            await self.report_parked(subscription)
                            look_again = loop.time() + PARKED_SECONDS
                        if not await self.step(subscription):
                            beaten = self.at is None
                            await (asyncio.sleep(BEATEN_SECONDS) if beaten else subscription.wait())
                        pause = RETRY_SECONDS
            except (ForkedHistory, PositionGap) as error:
                # Never skipped: the read model must be rebuilt from the source. Operators see it in the log.
                log.error("inbox.broken_history", service=self.service.name, source=self.source, error=str(error))
                await asyncio.sleep(BROKEN_SECONDS)
            except Exception as error:  # a delivery loop outlives whatever a dependency raises
                log.warning("inbox.retry", service=self.service.name, source=self.source, error=repr(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_MOST_SECONDS)

    async def report_parked(self, subscription: Subscription) -> None:
        """Tell the producer where this service is, if other keys are parked than it was told of last.

        A redrive changes them without a new event, and no batch would report it.
        """
        row = await self.database.backbone.fetchrow(_PARKED_NOW, self.source, REPORTED_KEYS)
        assert row is not None
        PARKED.labels(self.service.name, self.source).set(row["count"])
        OLDEST.labels(self.service.name, self.source).set(row["oldest"])
        if row["keys"] != self.told:
            position, _ = await self._offset()
            if position:
                await subscription.report(position, row["keys"])
            self.told = row["keys"]

    async def step(self, subscription: Subscription) -> int:
        """Deliver one batch. Returns how many events it took from the source (0: there is nothing new).

        Also 0 when another owner was faster; then `at` is None.
        """
        if self.at is None:
            self.at = await self._offset()
        after, event_id = self.at
        records = await subscription.read(after, event_id)
        if not records:
            return 0
        self.at = None
        await failpoint("inbox.read")
        taken = await self._take(after, records)
        if taken:
            self.at = records[taken - 1].position, records[taken - 1].event_id
            await failpoint("inbox.after_commit")
            keys = sorted(self.parked)[:REPORTED_KEYS]
            await subscription.report(records[taken - 1].position, keys)
            self.told = keys
            await failpoint("inbox.after_report")
        return taken

    async def _offset(self) -> tuple[int, UUID | None]:
        row = await self.database.backbone.fetchrow(
            "select position, event_id from consumer_offset where source = $1", self.source
        )
        if row is None:
            async with self.database.transaction() as session:
                await driver_of(session).execute(_FIRST_OFFSET, self.source)
            return 0, None
        return row["position"], row["event_id"]

    async def _take(self, after: int, records: Sequence[Record]) -> int:
        """Apply a batch. Returns how many of its events were taken: all, unless another owner of the source was faster.

        A batch that fails on a poison event is halved until the event is found, and its key is parked. One transaction
        for each event would make a listener slow that is behind already.
        """
        try:
            return await self._apply(after, records)
        except Exception as error:
            if is_transient(error):
                raise
            if len(records) == 1:
                [record] = records
                told = {"key": record.key, "type": record.type, "error": repr(error)}
                log.error("inbox.parked", service=self.service.name, **told)
                return await self._apply(after, records, park=reason_of(error))
        half = len(records) // 2
        taken = await self._take(after, records[:half])
        if taken < half:
            return taken
        return half + await self._take(records[half - 1].position, records[half:])

    async def _apply(self, after: int, records: Sequence[Record], park: str | None = None) -> int:
        async with self.database.transaction(at_once=False) as session:
            driver = driver_of(session)
            last = records[-1]
            if not await driver.fetchval(_MOVE_OFFSET, self.source, after, last.position, last.event_id):
                return 0  # another owner of this source was faster; the next step reads the new offset
            parked = {row["key"] for row in await driver.fetch(_PARKED, self.source)}
            if park is not None:
                parked.add(records[0].key)
                await driver.execute(_PARK, self.source, records[0].key, records[0].position, park)
            kinds = self.kinds
            heard = [r for r in records if r.type in kinds]
            await self.apply(session, [r for r in heard if r.key not in parked])
            for record in heard:
                if record.key in parked:
                    await driver.execute(_KEEP_NEWEST, self.source, record.key, *_kept(record))
            await failpoint("inbox.before_commit")
        self.parked = parked
        PARKED.labels(self.service.name, self.source).set(len(parked))
        return len(records)

    async def apply(self, session: AsyncSession, records: Sequence[Record]) -> int:
        """Let the listeners hear what is news of `records`, and remember it. Returns how much of it was news."""
        if not records:
            return 0
        fresh = await self._fresh(session, records)
        if fresh:
            await failpoint("inbox.before_effect")
        session.info[HEARD_KEYS] = [record.key for record, _ in fresh]
        kinds, delay = self.kinds, DELAY.labels(self.service.name, self.source)
        for record, known in fresh:
            kind = kinds[record.type]
            session.info[REPLAYED] = known
            await self.service.listeners[kind](session, kind.model_validate_json(record.payload))
            delay.observe((clock.now() - record.created_at).total_seconds())
        await session.flush()
        await settle(session)
        APPLIED.labels(self.service.name, self.source).inc(len(fresh))
        return len(fresh)

    async def _fresh(self, session: AsyncSession, records: Sequence[Record]) -> Sequence[tuple[Record, bool]]:
        """Those never seen and newer than what was applied, or as new and replayed to this service.

        With each, whether its version was applied before. Remembers them in the same transaction.
        """
        driver = driver_of(session)
        topic = records[0].topic
        row = await driver.fetchrow(_NEW, [r.event_id for r in records], topic, list({r.key for r in records}))
        assert row is not None
        new, versions = set(row["new"]), dict(zip(row["keys"], row["versions"], strict=True))
        fresh: list[tuple[Record, bool]] = []
        for record in records:
            version = versions.get(record.key, 0)
            again = record.version == version and record.headers.get(REPLAYED_TO) == self.service.name
            if record.event_id in new and (record.version > version or again):
                versions[record.key] = record.version
                fresh.append((record, again))
        STALE.labels(self.service.name, self.source).inc(len(records) - len(fresh))
        if fresh:
            newest = {record.key: record for record, _ in fresh}.values()
            columns = [[r.key for r in newest], [r.version for r in newest], [r.type for r in newest]]
            await driver.execute(REMEMBER, topic, *columns)
        return fresh


def reason_of(error: BaseException) -> str:
    """Why a key is parked, in the words of what was raised; of the database's errors, in its own words."""
    if isinstance(error, DBAPIError) and error.orig:
        error = error.orig.__cause__ or error.orig
    return f"{type(error).__name__}: {error}"[:2000]


def _kept(record: Record) -> tuple[Any, ...]:
    """A record as `parked` keeps it."""
    headers = orjson.dumps(dict(record.headers)).decode()
    said = (record.position, record.event_id, record.version, record.type, record.payload)
    return (*said, headers, record.created_at)


def is_transient(error: BaseException) -> bool:
    """Whether the same batch may succeed when it is tried again as it is."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError)):
            return True
        error = error.orig or error
    # The driver's own errors come bare from the read pool, and when a connection cannot be made.
    return isinstance(error, _TRANSIENT) or getattr(error, "sqlstate", None) in _TRANSIENT_STATES
