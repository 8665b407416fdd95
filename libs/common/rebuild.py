"""Rebuild: a projection is made anew from the events beside the one in use, compared with it, and put in its place.

Blue and green: shadow tables are filled from the newest event of each thing, catch up with what is said meanwhile, and
take the old tables' place in one short transaction. Readers wait for none of it. Killed at any moment it leaves a
shadow that the next run begins with dropping, and nothing else.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import structlog

from libs.common import audit, newest, shadow
from libs.common.db import driver_of
from libs.common.failpoints import failpoint
from libs.common.newest import FarBehind, Said
from libs.common.permission import Actor
from libs.common.settling import SHADOW, PoisonEvent, Settler, chunks

log = structlog.get_logger()
FILL = 40
FILL_SECONDS = FILL / 3000
REST = 0.5
"""Readers come first: at most 3,000 things in a second, and half as long a rest as each step took, so that a busy
machine is left alone the more. Small steps: what a reader may have to wait for ends soon."""
CLOSE = 100
ROUNDS = 20
ATTEMPTS = 5
RETRY_SECONDS = 1.0
MOST_IN_MOTION = 5000
"""A listener that is further behind than this many events would hold the swap for too long."""

_ALONE = "select pg_try_advisory_lock(hashtextextended('yangguang.rebuild.' || $1, 0))"
_NO_MIGRATION = "select pg_try_advisory_lock_shared(hashtext('yangguang.migrate'))"
_OFFSETS = "select source, position from consumer_offset where source = any($1)"
_CONTENDED = (
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    FarBehind,
)

Progress = Callable[[int], None]
"""Is told how many things more are done."""


class RebuildRefused(Exception):
    """It cannot be done now; nothing was changed."""


@dataclass
class Report:
    """What a rebuild did. `differences`: entries missing, extra and different in the tables that were in use."""

    things: int = 0
    seconds: float = 0.0
    differences: dict[str, int] = field(default_factory=dict)
    in_motion: int = 0
    swapped: bool = False


async def things(settler: Settler) -> int:
    """How many things a rebuild goes through."""
    sources = {source: settler.databases[source].backbone for source in settler.projection.sources}
    return sum([await newest.count(pool, settler.projection.kinds_of(source)) for source, pool in sources.items()])


async def rebuild(
    settler: Settler, actor: Actor, *, dry_run: bool = False, progress: Progress = lambda _more: None
) -> Report:
    """Make the projection anew and put it in place, or only compare it when `dry_run`. Raises RebuildRefused."""
    async with _alone(settler) as guard:
        run = _Run(settler, guard, progress)
        try:
            await run.make()
            await run.compare()
            if not dry_run:
                await run.swap(actor)
        except (FarBehind, PoisonEvent) as error:
            raise RebuildRefused(f"{settler.name}: {error}") from error
        finally:
            if not guard.is_closed():
                await shadow.drop(guard, settler.projection)
        return run.report


@asynccontextmanager
async def _alone(settler: Settler) -> AsyncIterator[asyncpg.Connection]:
    """A connection that keeps other rebuilds of the projection and migrations of its database away while it is open.

    The shadow is made on it, too.
    """
    guard = await asyncpg.connect(
        settler.database.dsn,
        timeout=5,
        server_settings={
            "application_name": f"{settler.service.name}-rebuild",
            "lock_timeout": "5s",
            "max_parallel_workers_per_gather": "0",  # one core at most: the other is for readers
            "max_parallel_maintenance_workers": "0",
            "jit": "off",
            # The commit of the swap waits for the disk, and with it for all that came before.
            "synchronous_commit": "off",
        },
    )
    try:
        if not await guard.fetchval(_ALONE, settler.projection.name):
            raise RebuildRefused(f"{settler.name} is being rebuilt by another process.")
        if not await guard.fetchval(_NO_MIGRATION):
            raise RebuildRefused(f"{settler.service.slug} is being migrated.")
        yield guard
    finally:
        guard.terminate()


@dataclass
class _Run:
    settler: Settler
    guard: asyncpg.Connection
    progress: Progress
    report: Report = field(default_factory=Report)
    # Up to where each source is taken in: of what has moved since, the newest event has to be read again.
    taken: dict[str, int] = field(default_factory=dict)
    # Parked when it was its turn: what is parked at the end keeps the rows that it has.
    passed_over: set[str] = field(default_factory=set)

    async def make(self) -> None:
        """Fill the shadow and catch up."""
        started = time.monotonic()
        projection = self.settler.projection
        await shadow.create(self.guard, projection)
        sources = {source: self.settler.databases[source].backbone for source in projection.sources}
        self.taken = {source: await newest.head(pool) for source, pool in sources.items()}
        due = started
        for source in projection.sources:
            async for keys in newest.pages(sources[source], projection.kinds_of(source), FILL):
                began = time.monotonic()
                await self._take(source, keys, replace=False)
                self.report.things += len(keys)
                self.progress(len(keys))
                ended, due = time.monotonic(), max(due + FILL_SECONDS, began)
                await asyncio.sleep(max(due - ended, (ended - began) * REST))
        await failpoint("rebuild.filled")
        await shadow.finish(self.guard, projection)
        await self._catch_up()
        self.report.seconds = time.monotonic() - started

    async def _catch_up(self) -> None:
        for _ in range(ROUNDS):
            moved = 0
            for source in self.settler.projection.sources:
                pool, kinds = self.settler.databases[source].backbone, self.settler.projection.kinds_of(source)
                head = await newest.head(pool)
                keys = await newest.moved(pool, kinds, self.taken[source], 100 * MOST_IN_MOTION)
                for chunk in chunks(sorted(keys)):
                    await self._take(source, chunk, replace=True)
                self.taken[source] = head
                moved += len(keys)
            if moved <= CLOSE:
                return

    async def _take(self, source: str, keys: list[str], *, replace: bool) -> None:
        settler = self.settler
        parked = await settler.parked(settler.database.backbone)
        self.passed_over |= parked.intersection(keys)
        keys = [key for key in keys if key not in parked]
        kinds = settler.projection.kinds_of(source)
        events: list[Said] = await newest.said(settler.databases[source].backbone, keys, kinds)
        # In no transaction: a shadow that was left half filled is dropped.
        if replace:
            await settler.replace(self.guard, keys, events, SHADOW)
        else:
            await settler.add(self.guard, [settler.rows_of(event) for event in events], SHADOW)

    async def compare(self) -> None:
        """Count how the tables in use differ from the shadow, in one snapshot of both.

        What has moved since the shadow took it in, or has not reached the listener, is not compared: it is no fault.
        """
        found: Counter[str] = Counter()
        async with self.guard.transaction(isolation="repeatable_read", readonly=True):
            rows = await self.guard.fetch(_OFFSETS, list(self.settler.others))
            moving = await self._moving(
                {row["source"]: row["position"] for row in rows}, self.settler.database.backbone
            )
            moving |= self.passed_over | await self.settler.parked(self.guard)
            async for key, how in shadow.differences(self.guard, self.settler.projection):
                found[how] += key not in moving
        self.report.differences = {how: count for how, count in sorted(found.items()) if count}
        self.report.in_motion = len(moving)

    async def _moving(self, offsets: dict[str, int], own: newest.Reader) -> set[str]:
        """Keys of which the shadow may hold something else than the tables at `offsets` should."""
        moving: set[str] = set()
        for source, taken in self.taken.items():
            here = source == self.settler.service.name
            reader = own if here else self.settler.databases[source].backbone
            after = taken if here else min(taken, offsets.get(source, 0))
            moving |= await newest.moved(
                reader, self.settler.projection.kinds_of(source), after, MOST_IN_MOTION, here=here
            )
        return moving

    async def swap(self, actor: Actor) -> None:
        """Bring in what is left and exchange the tables. Raises RebuildRefused when others hold them too long."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._swap(actor)
            except _CONTENDED as error:
                log.warning("rebuild.contended", projection=self.settler.name, attempt=attempt, error=repr(error))
                reason = str(error)
            else:
                self.report.swapped = True
                return
            await asyncio.sleep(RETRY_SECONDS)
            await self._catch_up()
        raise RebuildRefused(f"{self.settler.name} stays as it was: {reason}")

    async def _swap(self, actor: Actor) -> None:
        settler = self.settler
        async with settler.database.transaction() as session:
            driver = driver_of(session)
            await driver.execute("set local lock_timeout = '2s'")
            await driver.execute("set local statement_timeout = '5s'")
            offsets = await settler.hold(driver)
            moving = await self._moving(offsets, driver)
            await settler.settle(driver, moving | self.passed_over, offsets, SHADOW)
            found, things = self.report.differences, self.report.things
            await audit.record(session, actor, "operations.rebuild", settler.name, things=things, differences=found)
            await failpoint("rebuild.before_swap")
            # From here on readers wait behind us: not long, whoever is before us.
            await driver.execute("set local lock_timeout = '500ms'")
            await shadow.swap(driver, settler.projection)
