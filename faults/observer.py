"""Watching from inside the databases, without the application: every effect leaves a row, written by a trigger.

The row is part of the transaction that had the effect, so an effect that happens twice, late or never shows, whatever
the application believes. A trigger stands on what each service has heard and on its read models.
"""

import asyncio
import time
from dataclasses import dataclass

import asyncpg

from faults.rig import Rig
from services.registry import ALL

WATCHED = (
    *((service.name, "heard", "key") for service in ALL if service.sources),
    ("publication", "listing_entry", "id"),
    ("village_affairs", "listing_entry", "id"),
    ("catalog", "covering", "document"),
)
"""(database, table, column of the thing's id); each table has a column `version`."""

PAIRS = [(service.name, source) for service in ALL for source in sorted(service.sources)]
"""Who hears whom."""

_INSTALL = """
create schema faults;
create table faults.effect (seq bigint generated always as identity primary key, place text not null,
  key text not null, version bigint not null, act text not null, at timestamptz not null default clock_timestamp());
create function faults.note() returns trigger language plpgsql as $$
declare row jsonb := to_jsonb(case when tg_op = 'DELETE' then old else new end);
begin
  insert into faults.effect (place, key, version, act)
  values (concat_ws(' of ', tg_table_name, row ->> 'topic'), row ->> tg_argv[0], (row ->> 'version')::bigint, tg_op);
  return null;
end $$
"""
_WATCH = """
create trigger faults after insert or update or delete on {table}
for each row execute function faults.note('{column}')
"""
POLL_SECONDS = 0.05

_UNSENT = """
select (select position from journal_head) - coalesce((select max(position) from sender_position), 0)
"""


@dataclass(frozen=True)
class Mark:
    """A moment: nothing before it counts for a later fault."""

    at: float
    effects: dict[str, int]


class Observer:
    """Looks at all five databases of a rig; its connections are made anew for each look, as faults break them."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    async def install(self) -> None:
        """Put the triggers in place."""
        for service in ALL:
            async with self.rig.connect(service.name) as connection:
                await connection.execute(_INSTALL)
                for database, table, column in WATCHED:
                    if database == service.name:
                        await connection.execute(_WATCH.format(table=table, column=column))

    async def mark(self) -> Mark:
        """Now."""
        newest: dict[str, int] = {}
        for service in ALL:
            async with self.rig.connect(service.name) as connection:
                newest[service.name] = await connection.fetchval("select coalesce(max(seq), 0) from faults.effect")
        return Mark(time.time(), newest)

    async def behind(self) -> list[str]:
        """What is not yet where it should be: waiting events, unsealed audit rows, listeners behind their sources."""
        heads: dict[str, int] = {}
        waiting: list[str] = []
        for service in ALL:  # heads first, offsets after: what was said in between is not held against a listener
            async with self.rig.connect(service.name) as connection:
                heads[service.name] = await connection.fetchval("select position from journal_head")
                if count := await connection.fetchval("select count(*) from outbox"):
                    waiting.append(f"{service.name}: {count} in the outbox")
        offsets = await self._offsets()
        for listener, source in PAIRS:
            if (position := offsets.get((listener, source), 0)) < heads[source]:
                waiting.append(f"{listener} hears {source} up to {position} of {heads[source]}")
        return waiting

    async def converged(self, since: float, seconds: float) -> float | None:
        """Seconds from `since` (time.time(), about now) until every listener has applied all that was said until then.

        The load goes on meanwhile. None when it takes more than `seconds`.
        """
        targets: dict[str, int] = {}
        while time.time() - since < seconds:
            try:
                if not targets:
                    targets = await self._said()
                offsets = await self._offsets()
                if all(offsets.get(pair, 0) >= targets[pair[1]] for pair in PAIRS):
                    return time.time() - since
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                targets = {}  # the database is not back yet
            await asyncio.sleep(POLL_SECONDS)
        return None

    async def _said(self) -> dict[str, int]:
        """For each source the position that the newest event of its outbox will get."""
        said: dict[str, int] = {}
        for service in ALL:
            async with self.rig.connect(service.name) as connection:
                said[service.name] = await connection.fetchval(
                    "select (select position from journal_head) + (select count(*) from outbox)"
                )
        return said

    async def _offsets(self) -> dict[tuple[str, str], int]:
        """How far each listener is with each of its sources."""
        offsets: dict[tuple[str, str], int] = {}
        for service in ALL:
            async with self.rig.connect(service.name) as connection:
                for source, position in await connection.fetch("select source, position from consumer_offset"):
                    offsets[service.name, source] = position
        return offsets

    async def settled(self, seconds: float) -> list[str]:
        """Wait until nothing is behind or unsent and every audit row is chained; returns what is after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            behind = await self.behind()
            for service in ALL:
                async with self.rig.connect(service.name) as connection:
                    if count := await connection.fetchval("select count(*) from audit_waiting"):
                        behind.append(f"{service.name}: {count} audit rows wait")
                    if self.rig.bus == "kafka" and (unsent := await connection.fetchval(_UNSENT)):
                        behind.append(f"{service.name}: the sender has {unsent} events to send")
            if not behind or time.monotonic() > deadline:
                return behind
            await asyncio.sleep(POLL_SECONDS)

    async def first_sequenced(self, service: str, after: float) -> float | None:
        """Seconds from `after` until the sequencer of `service` gave out its next position."""
        async with self.rig.connect(service) as connection:
            at = await connection.fetchval(
                "select extract(epoch from min(appended_at))::float8 from journal where appended_at > to_timestamp($1)",
                after,
            )
        return None if at is None else float(at) - after

    async def first_effect(self, service: str, after: float) -> float | None:
        """Seconds from `after` until the next effect of a listener of `service`."""
        async with self.rig.connect(service) as connection:
            at = await connection.fetchval(
                "select extract(epoch from min(at))::float8 from faults.effect"
                " where place like 'heard%' and at > to_timestamp($1)",
                after,
            )
        return None if at is None else float(at) - after

    async def silence(self, service: str, since: float, until: float) -> float:
        """The longest time without an effect of a listener of `service`, in seconds, from `since` to `until`."""
        async with self.rig.connect(service) as connection:
            longest = await connection.fetchval(
                "select max(extract(epoch from at - before))::float8 from"
                " (select at, lag(at) over (order by at) as before from"
                "  (select at from faults.effect where at between to_timestamp($1) and to_timestamp($2)"
                "   union all values (to_timestamp($1)), (to_timestamp($2))) moments) gaps",
                since,
                until,
            )
        return float(longest)
