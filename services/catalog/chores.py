"""What a worker of catalog does by itself: it counts the regions that were marked, and all of them every day."""

import asyncio

from libs.common import clock
from libs.common.db import Database
from services.catalog.commands.tallies import count_region
from services.catalog.queries import tallies

BATCH = 50
LOOK_SECONDS = 1.0
DAY_LOOKS = 60
"""How many looks apart it is asked whether a new day has begun, or a region is new."""


async def keep_tallied(database: Database) -> None:
    """Count until cancelled."""
    looks = 0
    while True:
        if looks % DAY_LOOKS == 0:
            await database.backbone.execute(tallies.MARK_FOR_DAY, clock.local_date(clock.now()))
        if not await tally_once(database):
            looks += 1
            await asyncio.sleep(LOOK_SECONDS)


async def tally_once(database: Database) -> int:
    """Count the regions that have waited longest, each in a transaction of its own. Returns how many."""
    marked = await database.backbone.fetch(tallies.MARKED, BATCH)
    for row in marked:
        async with database.transaction(at_once=False) as session:
            await count_region(session, row["region"], clock.now())
    return len(marked)
