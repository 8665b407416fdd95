"""The read-only connections of a service's GETs.

A pool of its own: measured with the listing query, `asyncpg.Pool` costs as much again as the query itself (330 µs
of processor time instead of 165), for session resets and hand-over checks that read-only connections without
session state do not need.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

Connect = Callable[[], Awaitable[asyncpg.Connection]]
_HARMLESS = (asyncpg.PostgresError, ValueError, TypeError)


class ReadPool:
    """At most `size` connections, made when they are needed and used last in, first out."""

    def __init__(self, connect: Connect, size: int) -> None:
        self._connect = connect
        self._idle: list[asyncpg.Connection] = []
        self._free = asyncio.Semaphore(size)

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """All rows of one statement."""
        rows: list[asyncpg.Record] = await self._run(lambda connection: connection.fetch(query, *arguments))
        return rows

    async def fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """The first row of one statement, or None."""
        row: asyncpg.Record | None = await self._run(lambda connection: connection.fetchrow(query, *arguments))
        return row

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """The first value of the first row of one statement, or None."""
        return await self._run(lambda connection: connection.fetchval(query, *arguments))

    async def close(self) -> None:
        """Close the idle connections; those at work close when their statement ends."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.terminate()

    async def _run(self, statement: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
        async with self._free:
            connection = await self._take()
            try:
                result = await statement(connection)
            except _HARMLESS:
                self._give(connection)
                raise
            except BaseException:  # a lost connection, a deadline, a reader who went away: its state is unknown
                connection.terminate()
                raise
            self._give(connection)
            return result

    async def _take(self) -> asyncpg.Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self._connect()

    def _give(self, connection: asyncpg.Connection) -> None:
        if not connection.is_closed():
            self._idle.append(connection)
