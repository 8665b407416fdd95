"""The narrow seam between journals and listeners, and the default bus behind it.

A bus hands out the events of a source (a producing service) in position order, with the same headers and bytes
whatever carries them. Offsets do not belong to the bus: they live with the effect in the listener's database.
`JournalBus` reads the producers' journals straight from PostgreSQL. `tests/common/bus_conformance.py` is the
suite that every bus passes.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import asyncpg
import orjson

from libs.common.bell import Bell, Waiter
from libs.common.db import Database

READ_LIMIT = 500
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Record:
    """One journal row as a listener gets it; `payload` is the JSON text that was said."""

    position: int
    event_id: UUID
    topic: str
    key: str
    version: int
    type: str
    payload: str
    headers: Mapping[str, str]
    created_at: datetime


class ForkedHistory(Exception):
    """The saved position holds another event than the one applied: the producer's history was rewritten."""


class PositionGap(Exception):
    """Positions are missing: retention passed this reader, or the journal is damaged. Never skipped over."""


class Subscription(Protocol):
    """One listener group's view of one source."""

    async def read(self, after: int, event_id: UUID | None) -> Sequence[Record]:
        """The next events after position `after`, in order; empty when there are none.

        `event_id` is that of the event at `after`. Raises ForkedHistory or PositionGap instead of losing anything.
        """
        ...

    async def wait(self) -> None:
        """Return when the source may have news; also after at most half a second."""
        ...

    async def report(self, position: int, parked: Sequence[str]) -> None:
        """Tell the producer how far the group has got, and which keys it has parked; a hint for receipts."""
        ...


class Bus(Protocol):
    """What a worker needs of any bus."""

    def subscribe(self, source: str, group: str) -> AbstractAsyncContextManager[Subscription]:
        """Open `group`'s view of what the service `source` says."""
        ...

    async def carry(self, database: Database) -> None:
        """Do what a producing service's worker must do for its events to travel, until cancelled."""
        ...

    async def state(self) -> str:
        """What carries the events, and whether it can be reached; reported, never required."""
        ...

    async def close(self) -> None:
        """Let go of what the bus holds."""
        ...


_READ = """
select position, event_id, topic, key, version, type, payload, headers, created_at
from journal where position >= $1 order by position limit $2
"""
REPORT = """
with reader as (
  insert into journal_reader (grp, position, parked, seen_at) values ($1, $2, $3, coalesce($4, clock_timestamp()))
  on conflict (grp) do update set position = excluded.position, parked = excluded.parked, seen_at = excluded.seen_at
  where journal_reader.position <= excluded.position),
progress as (
  insert into journal_progress (grp, position, at)
  values ($1, $2, coalesce($4, clock_timestamp())) on conflict do nothing)
select pg_notify('progress', ''), set_config('synchronous_commit', 'off', true)
"""
"""Written into the producer's database: a group, how far it is, which keys it has parked, and when (null: now).

Nobody waits for the disk: it is a hint, and whoever connects anew, as all do after a crash, says it again.
"""


@dataclass(frozen=True)
class Source:
    """Where a producer's journal can be read."""

    pool: asyncpg.Pool
    bell: Bell


class JournalBus:
    """The default: listeners read the producers' journals from PostgreSQL; durable, no broker."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources

    @asynccontextmanager
    async def subscribe(self, source: str, group: str) -> AsyncIterator[Subscription]:
        """See `Bus.subscribe`."""
        with self._sources[source].bell.waiting("journal") as waiter:
            subscription = JournalSubscription(self._sources[source].pool, waiter, source, group)
            try:
                yield subscription
            finally:
                await subscription.forget()

    async def carry(self, database: Database) -> None:
        """See `Bus.carry`: listeners come to the journal, so there is nothing to do."""

    async def state(self) -> str:
        """See `Bus.state`."""
        return "journal"

    async def close(self) -> None:
        """See `Bus.close`: the pools belong to the databases."""


@dataclass
class JournalSubscription:
    """One listener group's view of one journal."""

    pool: asyncpg.Pool
    waiter: Waiter
    source: str
    group: str
    ahead: tuple[tuple[int, UUID | None], asyncio.Task[Sequence[Record]]] | None = None
    """What is being read while the batch before it is applied, and behind which event: rows of a journal never change,
    and a listener that has much to catch up with has the next batch when it comes for it."""

    async def read(self, after: int, event_id: UUID | None) -> Sequence[Record]:
        """See `Subscription.read`."""
        if self.ahead and self.ahead[0] == (after, event_id):
            reading, self.ahead = self.ahead[1], None
            records = await reading
        else:
            await self.forget()
            records = await self._read(after, event_id)
        if len(records) == READ_LIMIT:
            end = records[-1].position, records[-1].event_id
            reading = asyncio.create_task(self._read(*end), name=f"{self.group} reads {self.source} ahead")
            reading.add_done_callback(_heard)  # nobody may come for it
            self.ahead = end, reading
        return records

    async def forget(self) -> None:
        """Drop what was read ahead, once it is read: a read that is cancelled between its preparation and its execution
        goes back to the pool with its locks."""
        if self.ahead:
            reading, self.ahead = self.ahead[1], None
            await asyncio.wait([reading])

    async def _read(self, after: int, event_id: UUID | None) -> Sequence[Record]:
        return await read_journal(self.pool, self.source, after, event_id, READ_LIMIT)

    async def wait(self) -> None:
        """See `Subscription.wait`."""
        await self.waiter.wait(POLL_SECONDS)

    async def report(self, position: int, parked: Sequence[str]) -> None:
        """See `Subscription.report`."""
        await self.pool.execute(REPORT, self.group, position, list(parked), None)


def _heard(reading: asyncio.Task[Sequence[Record]]) -> None:
    """A failure that nobody comes for is not asyncio's business; who reads next meets it again."""
    if not reading.cancelled():
        reading.exception()


async def read_journal(
    connection: asyncpg.Connection | asyncpg.Pool, source: str, after: int, event_id: UUID | None, limit: int
) -> Sequence[Record]:
    """Up to `limit` rows of a journal behind position `after`, whose row must be `event_id` where that is known.

    Raises ForkedHistory when it is another one, PositionGap when it or a later one is missing.
    """
    start = after if event_id else after + 1
    rows = await connection.fetch(_READ, start, limit + 1)
    if event_id:
        # The row at the saved position is read again: after a fail-over or a restore it may be another one.
        if not rows or rows[0]["position"] != after:
            raise PositionGap(f"{source}: position {after} is no longer in the journal")
        if rows[0]["event_id"] != event_id:
            raise ForkedHistory(f"{source}: position {after} holds another event")
        rows = rows[1:]
    for expected, row in enumerate(rows[:limit], after + 1):
        if row["position"] != expected:
            raise PositionGap(f"{source}: expected position {expected}, found {row['position']}")
    return [Record(**{**row, "headers": orjson.loads(row["headers"])}) for row in rows[:limit]]
