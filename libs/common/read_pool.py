"""The read-only connections of a service's GETs.

A pool of its own: measured with the listing query, `asyncpg.Pool` costs as much again as the query itself (330 µs
of processor time instead of 165), for session resets and hand-over checks that read-only connections without
session state do not need.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from libs.common.rounds import Rounds

Connect = Callable[[], Awaitable[asyncpg.Connection]]
_HARMLESS = (asyncpg.PostgresError, ValueError, TypeError)


class ReadPool:
    """At most `size` connections, made when they are needed and used last in, first out."""

    def __init__(self, connect: Connect, size: int) -> None:
        self._connect = connect
        self._idle: list[asyncpg.Connection] = []
        self._free = asyncio.Semaphore(size)
        self._rounds = Rounds[asyncpg.Record | None]()

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """All rows of one statement."""
        async with self.acquire() as connection:
            return await connection.fetch(query, *arguments)

    async def fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """The first row of one statement, or None."""
        async with self.acquire() as connection:
            return await connection.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """The first value of the first row of one statement, or None."""
        async with self.acquire() as connection:
            return await connection.fetchval(query, *arguments)

    async def shared_row(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """As `fetchrow`, in one query for all who ask the same meanwhile; it begins after each of them asked."""
        return await self._rounds.read((query, arguments), lambda: self.fetchrow(query, *arguments))

    async def close(self) -> None:
        """Close the idle connections; those at work close when their statement ends."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.terminate()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        """One connection, for statements that belong together."""
        async with self._free:
            connection = await self._take()
            try:
                yield connection
            except _HARMLESS:
                self._give(connection)
                raise
            except BaseException:  # a lost connection, a deadline, a reader who went away: its state is unknown
                connection.terminate()
                raise
            self._give(connection)

    async def _take(self) -> asyncpg.Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self._connect()

    def _give(self, connection: asyncpg.Connection) -> None:
        if not connection.is_closed():
            self._idle.append(connection)
