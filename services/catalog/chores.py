"""What a worker of catalog does by itself: it counts the regions that were marked, and all of them every day."""

import asyncio

import structlog

from libs.common import clock
from libs.common.db import Database
from libs.common.leading import leading
from libs.common.lost import LOST
from services.catalog.commands.tallies import count_region
from services.catalog.queries import tallies

log = structlog.get_logger()
BATCH = 50
LOOK_SECONDS = 1.0
STANDBY_SECONDS = 5.0
DAY_SECONDS = 60.0
"""How often it is looked whether a new day has begun, or a region is new."""


async def keep_tallied(database: Database) -> None:
    """Count until cancelled, while no other process does."""
    while True:
        try:
            async with leading(database.service, database.dsn, "tally", again=STANDBY_SECONDS) as lead:
                looked = 0.0
                while True:
                    now = asyncio.get_running_loop().time()
                    if now - looked > DAY_SECONDS or not looked:
                        await lead.execute(tallies.MARK_FOR_DAY, clock.local_date(clock.now()))
                        looked = now
                    if not await tally_once(database):
                        await lead.execute("select 1")  # whoever has lost it is not the leader any more
                        await asyncio.sleep(LOOK_SECONDS)
        except LOST as error:
            log.warning("tally.retry", service=database.service, error=repr(error))
            await asyncio.sleep(LOOK_SECONDS)


async def tally_once(database: Database) -> int:
    """Count the regions that have waited longest, each in a transaction of its own. Returns how many."""
    marked = await database.backbone.fetch(tallies.MARKED, BATCH)
    for row in marked:
        async with database.transaction(at_once=False) as session:
            await count_region(session, row["region"], clock.now())
    return len(marked)
