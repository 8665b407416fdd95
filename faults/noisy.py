"""A worker whose bus repeats, shuffles and drops (F16): `python -m faults.noisy`.

Between a real bus and the listeners stands a subscription that hands out every event twice, in any order within fifty,
forgets the end of what it has read, fails after having read, and goes back to what was applied long ago.
"""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import uvloop

from libs.common import log
from libs.common.app import operations_app
from libs.common.bus import Bus, Record, Subscription
from libs.common.db import Database
from libs.common.runtime import resources, serve
from libs.common.settings import Settings
from libs.common.worker import work
from services.registry import ALL

WINDOW = 50
BACK_SHARE, BREAK_SHARE, DROP_SHARE = 0.1, 0.05, 0.3


@dataclass
class Noisy:
    """A subscription that keeps one promise only: everything before the last that it hands out was handed out."""

    inner: Subscription
    chance: random.Random
    seen: list[Record] = field(default_factory=list)

    async def read(self, after: int, event_id: UUID | None) -> Sequence[Record]:
        """See `Subscription.read`; a batch ends with its newest event, so that the saved offset is one."""
        records = list((await self.inner.read(after, event_id))[:WINDOW])
        if not records:
            return records
        if self.chance.random() < BREAK_SHARE:
            raise ConnectionResetError("dropped after it was read")
        if self.chance.random() < DROP_SHARE:
            records = records[: self.chance.randrange(1, len(records) + 1)]
        again = list(self.seen) if self.chance.random() < BACK_SHARE else []
        self.seen = [*self.seen, *records][-WINDOW:]
        *earlier, newest = records
        noise = [*earlier, *records, *again]
        self.chance.shuffle(noise)
        return [*noise, newest]

    async def wait(self) -> None:
        """See `Subscription.wait`."""
        await self.inner.wait()

    async def report(self, position: int, parked: Sequence[str]) -> None:
        """See `Subscription.report`."""
        await self.inner.report(position, parked)


@dataclass
class NoisyBus:
    """A bus with noisy subscriptions."""

    inner: Bus
    chance: random.Random = field(default_factory=lambda: random.Random(20261126))

    @asynccontextmanager
    async def subscribe(self, source: str, group: str) -> AsyncIterator[Subscription]:
        """See `Bus.subscribe`."""
        async with self.inner.subscribe(source, group) as subscription:
            yield Noisy(subscription, self.chance)

    async def carry(self, database: Database) -> None:
        """See `Bus.carry`."""
        await self.inner.carry(database)

    async def state(self) -> str:
        """See `Bus.state`."""
        return await self.inner.state()

    async def close(self) -> None:
        """See `Bus.close`."""
        await self.inner.close()


async def _work(settings: Settings) -> None:
    url = settings.database_url
    assert url is not None
    async with resources(settings, ALL, lambda name: url.replace("{service}", name)) as shared:
        working = work(ALL, shared.databases, NoisyBus(shared.bus))
        await serve(operations_app(ALL, shared), settings, working)


def main(_arguments: Sequence[str] = ()) -> int:
    """A worker of all services, with the settings of the environment."""
    settings = Settings()
    log.configure(settings)
    uvloop.run(_work(settings))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
