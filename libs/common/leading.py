"""One process does a part of the work for a database, the others stand by: who holds an advisory lock leads.

The lock belongs to the session, so each step of the leader may be one statement, and a leader that dies loses it at
once. Of one that is frozen, or cut off, the server ends the session when nothing comes from it: `idle_session_timeout`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from libs.common.db import LOST_CLIENT, Connection

_LEAD = "select pg_try_advisory_lock(hashtext($1))"
_FOLLOW = "select pg_advisory_unlock(hashtext($1))"


@asynccontextmanager
async def leading(
    service: str, dsn: str, part: str, *, again: float, **settings: str
) -> AsyncIterator[asyncpg.Connection]:
    """The leader's connection, once no other process leads `part`; the lock is tried for every `again` seconds.

    `settings` are the server's for this connection. The lock is gone with the connection, at the latest with the block.
    """
    connection = await asyncpg.connect(
        dsn,
        timeout=5,
        command_timeout=10,
        server_settings={"application_name": f"{service}-{part}", **LOST_CLIENT, **settings},
    )
    try:
        while not await connection.fetchval(_LEAD, _name(part)):  # noqa: ASYNC110
            await asyncio.sleep(again)  # nobody says that a lock is free
        yield connection
    finally:
        connection.terminate()


@asynccontextmanager
async def leading_meanwhile(connection: Connection, part: str) -> AsyncIterator[bool]:
    """Whether this connection leads `part` inside the block: it does unless another process does already."""
    leads: bool = await connection.fetchval(_LEAD, _name(part))
    try:
        yield leads
    finally:
        if leads:
            await connection.execute(_FOLLOW, _name(part))


def _name(part: str) -> str:
    return f"yangguang.{part}"
