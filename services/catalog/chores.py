"""What a worker of catalog does by itself: it counts the regions that were marked, and all of them every day."""

import asyncio

from prometheus_client import Gauge

from libs.common import clock
from libs.common.db import Database, calendar_of, driver_of
from services.catalog.commands.tallies import count_region
from services.catalog.queries import tallies

WAITING = Gauge("recount_waiting_regions", "Regions whose sums are to be counted anew.", ["service"])
BATCH = 50
LOOK_SECONDS = 1.0
REST = 3
"""How much longer than it counts it rests."""
DUE_LOOKS = 60
"""How many looks apart it is asked whether a new day has begun, or a region is new."""


async def keep_tallied(database: Database) -> None:
    """Count until cancelled."""
    looks, loop = 0, asyncio.get_running_loop()
    while True:
        if looks % DUE_LOOKS == 0:
            await mark_due(database)
        began = loop.time()
        counted = await tally_once(database)
        looks += counted == 0
        WAITING.labels(database.service).set(await database.backbone.fetchval(tallies.WAITING))
        if counted < BATCH:
            # Under load a county is touched all the time, and its count is not the only work of the process.
            await asyncio.sleep(max(LOOK_SECONDS, REST * (loop.time() - began)))


async def mark_due(database: Database) -> None:
    """Have those regions counted that are new, or were counted long ago, on another day or with another calendar."""
    async with database.transaction() as session:
        calendar = calendar_of(session).fingerprint
        await driver_of(session).execute(tallies.MARK_DUE, clock.local_date(clock.now()), calendar)


async def tally_once(database: Database) -> int:
    """Count the regions that have waited longest, each in a transaction of its own. Returns how many."""
    marked = await database.backbone.fetch(tallies.MARKED, BATCH)
    for row in marked:
        async with database.transaction(at_once=False) as session:
            await count_region(session, row["region"], clock.now())
    return len(marked)
