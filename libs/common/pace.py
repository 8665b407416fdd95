"""Acts wait a little while those who listen are behind: a flood of publishes must not make every listing late.

Who writes faster than the listeners follow would only move the waiting from the act to the public, who see a document
that is published and in no listing. So acts wait while the slowest listener is more than a second behind, for a second
at most, and a flood comes no faster than it is followed. A listener that has not reported for some seconds (it is down,
or its bus is) holds nobody up: its events wait in the journal.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from math import inf

from prometheus_client import Counter

from libs.common.db import Database
from libs.common.lost import LOST

LOOK_SECONDS = 0.1
FREE_SECONDS = 1.0
MOST_SECONDS = 1.0
OLD_SECONDS = 1.0

HELD = Counter("acts_held_seconds_total", "Time that acts waited for listeners to follow.", ["service"])

_BEHIND = """
select coalesce(max(extract(epoch from clock_timestamp() - j.created_at)), 0)::float8
from journal_reader r join journal j on j.position = r.position + 1
where r.seen_at > clock_timestamp() - interval '5 seconds'
"""


@dataclass
class Pace:
    """How fast one service's acts may follow each other, as this process sees it."""

    database: Database
    _behind: float = 0.0
    _looked_at: float = -inf
    _looking: asyncio.Task[None] | None = None

    async def keep(self) -> None:
        """Wait for as long as an act has to; as a rule not at all."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() - began < min(self._seconds_behind() - FREE_SECONDS, MOST_SECONDS):
            HELD.labels(self.database.service).inc(LOOK_SECONDS)
            await asyncio.sleep(LOOK_SECONDS)

    def _seconds_behind(self) -> float:
        age = asyncio.get_running_loop().time() - self._looked_at
        # Beside the acts: a database that stands still must not hold them up here, too.
        if age >= LOOK_SECONDS and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look(), name="pace")
        return self._behind if age < OLD_SECONDS else 0.0

    async def _look(self) -> None:
        with contextlib.suppress(*LOST):
            self._behind = await self.database.backbone.fetchval(_BEHIND)
            self._looked_at = asyncio.get_running_loop().time()
