"""Bringing rows of a projection to exactly what its sources say, beside deliveries and acts that go on.

A listener's tables stand at its offset: they must hold what the newest event at or before it says, never what a later
one does, or a document that was withdrawn would come back while the events between are delivered. What a service says
itself counts from the commit of the act. So the offsets and tables are held for the moment, and the sources are
read up to there; no reader waits.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from libs.common import newest
from libs.common.db import Database
from libs.common.newest import Said
from libs.common.projections import Projection, Rows
from libs.common.service import Service

Writer = asyncpg.Connection | PoolConnectionProxy
SHADOW = "_shadow"
CHUNK = 500

_OFFSETS = """
insert into consumer_offset (source, position) select unnest($1::text[]), 0 on conflict do nothing
"""
_HOLD = "select source, position from consumer_offset where source = any($1) order by source for update"
_HEARD = "select key, version from heard where topic = $1 and key = any($2)"
_PARKED = "select key from parked where source = any($1)"


class PoisonEvent(Exception):
    """The newest event of a thing that is not parked does not fit its kind."""


@dataclass(frozen=True)
class Settler:
    """One projection of one service, with the databases of the service and of the sources."""

    service: Service
    projection: Projection
    databases: Mapping[str, Database]

    @property
    def name(self) -> str:
        """How operators call it."""
        return f"{self.service.slug} {self.projection.name}"

    @property
    def database(self) -> Database:
        """Where the tables stand."""
        return self.databases[self.service.name]

    @property
    def feeds_itself(self) -> bool:
        """Whether the service's own events are among the sources."""
        return self.service.name in self.projection.sources

    @property
    def others(self) -> Sequence[str]:
        """The sources that the service hears."""
        return [source for source in self.projection.sources if source != self.service.name]

    async def hold(self, driver: Writer) -> dict[str, int]:
        """Let no delivery and no act change the tables before the transaction ends. Returns the offset by source."""
        # In the order in which a delivery locks: its offset, then the tables.
        await driver.execute(_OFFSETS, list(self.others))
        offsets = {row["source"]: row["position"] for row in await driver.fetch(_HOLD, list(self.others))}
        tables = ", ".join(table.name for table in self.projection.tables)
        await driver.execute(f"lock table {tables} in share row exclusive mode")
        return offsets

    async def parked(self, reader: newest.Reader) -> set[str]:
        """Keys whose rows stand at an earlier event, on purpose."""
        if not self.others:
            return set()
        return {row["key"] for row in await reader.fetch(_PARKED, list(self.others))}

    async def heard(self, reader: newest.Reader, source: str, keys: Sequence[str]) -> dict[str, int]:
        """The versions of `keys` that the service has applied of what `source` says."""
        topic = next(kind.topic() for kind in self.projection.kinds.values() if kind.service() == source)
        return {row["key"]: row["version"] for row in await reader.fetch(_HEARD, topic, list(keys))}

    async def settle(self, driver: Writer, keys: Collection[str], offsets: Mapping[str, int], suffix: str = "") -> None:
        """Give `keys` the rows that their events at `offsets` make, in the tables or in those with `suffix`.

        What is parked keeps the rows that it has. To be called while they are held.
        """
        parked = await self.parked(driver)
        for chunk in chunks(sorted(set(keys) - parked)):
            events: list[Said] = []
            for source in self.others:
                heard = await self.heard(driver, source, chunk)
                pool, kinds = self.databases[source].backbone, self.projection.kinds_of(source)
                events += await newest.said(pool, chunk, kinds, offsets[source], heard)
            if self.feeds_itself:
                events += await newest.said_here(driver, chunk, self.projection.kinds_of(self.service.name))
            await self.replace(driver, chunk, events, suffix)
        if suffix:
            for chunk in chunks(sorted(parked)):
                await self._keep(driver, chunk, suffix)

    async def replace(self, driver: Writer, keys: Sequence[str], events: Sequence[Said], suffix: str) -> None:
        """Put the rows that `events` make in the place of all rows of `keys`."""
        for table in self.projection.tables:
            await driver.execute(_delete(table.name + suffix, table.key), list(keys))
        await self.add(driver, [self.rows_of(event) for event in events], suffix)

    async def add(self, driver: Writer, made: Sequence[Rows], suffix: str) -> None:
        """Copy rows into the tables."""
        for n, table in enumerate(self.projection.tables):
            records = [row for rows in made for row in rows[n]]
            if records:
                await driver.copy_records_to_table(table.name + suffix, records=records, columns=table.columns)

    def rows_of(self, event: Said) -> Rows:
        """The rows that an event makes. Raises PoisonEvent."""
        try:
            return self.projection.rows_of(event.type, event.payload)
        except Exception as error:  # whatever a projection raises is the event's fault, as for a listener
            raise PoisonEvent(f"{event.type} {event.key} version {event.version}: {error!r}"[:500]) from error

    async def _keep(self, driver: Writer, keys: Sequence[str], suffix: str) -> None:
        for table in self.projection.tables:
            await driver.execute(_delete(table.name + suffix, table.key), keys)
            await driver.execute(
                f"insert into {table.name}{suffix} select * from {table.name}"  # noqa: S608 - names of ours
                f" where {table.key} = any($1::text[]::uuid[])",
                keys,
            )


def chunks(keys: Sequence[str]) -> Iterator[list[str]]:
    """The keys in lists of at most `CHUNK`."""
    for start in range(0, len(keys), CHUNK):
        yield list(keys[start : start + CHUNK])


def _delete(table: str, key: str) -> str:
    return f"delete from {table} where {key} = any($1::text[]::uuid[])"  # noqa: S608 - names of ours
