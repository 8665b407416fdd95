"""What operators do about parked keys: drive the newest event once more, or pass over it for good.

Both are one transaction in the listening service's database, under the lock that the worker's batches take, so no
event of the key slips through between the two. `parked` keeps the newest event of a key, which carries the whole
state: no other service is asked.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import audit
from libs.common.bus import Record
from libs.common.db import driver_of
from libs.common.inbox import LOCK_OFFSET, REMEMBER, Delivery, is_transient, reason_of
from libs.common.permission import Actor
from libs.common.read_pool import ReadPool

# The sessions' connections take JSON apart, the pools' do not: text is text on both.
_SELECT = "select *, payload::text as payload_text, headers::text as headers_text from parked"
_LOCK = f"{_SELECT} where source = $1 and key = $2 for update"
_LIST = f"{_SELECT} order by parked_at, source, key limit $1"
_FIND = f"{_SELECT} where key = $1 order by source"
_NAMES = "select source, key from parked order by source, key"
_DELETE = "delete from parked where source = $1 and key = $2"
_FAILED = "update parked set attempts = attempts + 1, reason = $3 where source = $1 and key = $2"


class Outcome(StrEnum):
    """What became of a parked key."""

    APPLIED = "applied"
    STALE = "stale"
    STILL_PARKED = "still parked"
    NOTHING_KEPT = "nothing kept"
    DROPPED = "dropped"
    NOT_PARKED = "not parked"


@dataclass(frozen=True, slots=True)
class Done:
    """An outcome, the version that it is about, and why the listener failed if it did."""

    outcome: Outcome
    version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Parked:
    """One row of `parked`. `event` is None for a key that was parked by a release that kept none."""

    source: str
    key: str
    from_position: int
    reason: str
    attempts: int
    parked_at: datetime
    event: Record | None


class _Undone(Exception):
    """Rolls a dry run back."""

    def __init__(self, done: Done) -> None:
        self.done = done


async def parked(pool: ReadPool, limit: int) -> list[Parked]:
    """The keys that are parked longest, of all sources."""
    return [_read(row) for row in await pool.fetch(_LIST, limit)]


async def find(pool: ReadPool, key: str) -> list[Parked]:
    """A key as it is parked, by source: two sources may use the same key."""
    return [_read(row) for row in await pool.fetch(_FIND, key)]


async def names(pool: ReadPool) -> list[tuple[str, str]]:
    """The (source, key) of everything that is parked."""
    return [(row["source"], row["key"]) for row in await pool.fetch(_NAMES)]


async def redrive(delivery: Delivery, key: str, actor: Actor, *, dry_run: bool = False) -> Done:
    """Apply the event kept of a parked key through the guard of every delivery, and let the key flow again.

    When the listener fails again the key stays parked, with one attempt more and the new reason. A dry run does
    everything and rolls it back. Raises what is transient: the same may succeed a moment later.
    """
    try:
        async with delivery.database.transaction() as session:
            row = await _lock(session, delivery.source, key)
            if row is None:
                return Done(Outcome.NOT_PARKED)
            # A kind that is no longer heard cannot be applied; nor was it, had it come today.
            if row.event is None:
                return Done(Outcome.NOTHING_KEPT)
            news = row.event.type in delivery.kinds and await delivery.apply(session, [row.event])
            done = Done(Outcome.APPLIED if news else Outcome.STALE, row.event.version)
            await _close(session, actor, "operations.redrive", row, outcome=done.outcome)
            if dry_run:
                raise _Undone(done)
        return done
    except _Undone as undone:
        return undone.done
    except Exception as error:  # whatever a listener or its commit raises
        if is_transient(error):
            raise
        reason = reason_of(error)
    if not dry_run:
        async with delivery.database.transaction() as session:
            await driver_of(session).execute(_FAILED, delivery.source, key, reason)
            # Not the reason: it is the listener's own words.
            await audit.record(
                session, actor, "operations.redrive", key, source=delivery.source, outcome=Outcome.STILL_PARKED
            )
    return Done(Outcome.STILL_PARKED, reason=reason)


async def drop(delivery: Delivery, key: str, actor: Actor, reason: str, *, dry_run: bool = False) -> Done:
    """Pass over the event kept of a parked key for good: the key flows again with its next version.

    `heard` remembers the version without a type, since nothing of it was applied.
    """
    try:
        async with delivery.database.transaction() as session:
            row = await _lock(session, delivery.source, key)
            if row is None:
                return Done(Outcome.NOT_PARKED)
            version = row.event.version if row.event else None
            if row.event:
                await driver_of(session).execute(REMEMBER, row.event.topic, [key], [version], [None])
            await _close(session, actor, "operations.drop", row, reason)
            if dry_run:
                raise _Undone(Done(Outcome.DROPPED, version))
        return Done(Outcome.DROPPED, version)
    except _Undone as undone:
        return undone.done


async def _lock(session: AsyncSession, source: str, key: str) -> Parked | None:
    """The row, under the lock of the worker's batches: none of them now believes that the key is parked."""
    driver = driver_of(session)
    await driver.execute(LOCK_OFFSET, source)
    row = await driver.fetchrow(_LOCK, source, key)
    return _read(row) if row else None


async def _close(
    session: AsyncSession, actor: Actor, action: str, row: Parked, reason: str | None = None, **facts: str
) -> None:
    await driver_of(session).execute(_DELETE, row.source, row.key)
    version = row.event.version if row.event else None
    facts |= {"source": row.source}
    await audit.record(session, actor, action, row.key, version=version, reason=reason, **facts)


def _read(row: asyncpg.Record) -> Parked:
    kept = {name: row[name] for name in ("source", "key", "from_position", "reason", "attempts", "parked_at")}
    if row["event_id"] is None:
        return Parked(**kept, event=None)
    event = {name: row[name] for name in ("position", "event_id", "key", "version", "type", "created_at")}
    topic, headers = f"yangguang.{row['source']}", orjson.loads(row["headers_text"])
    return Parked(**kept, event=Record(**event, topic=topic, payload=row["payload_text"], headers=headers))
