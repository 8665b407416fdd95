"""Kept sums in tests: nobody waits for a worker that counts."""

from libs.common.db import Database
from services.catalog.chores import mark_due, tally_once
from tests.platform import Platform


async def counted(platform: Platform) -> Database:
    """The database of catalog, once every region is counted as it is now."""
    database = platform.database("catalog")
    await mark_due(database)
    while await tally_once(database):
        pass
    return database
