"""Whoever is told to stop stops, at whatever statement it was: a cancellation is never turned into another error."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import text

from libs.common.db import LOST_CLIENT, Database, driver_of, one_transaction
from tests.common.conftest import Connect

MOMENTS = 60
_WRITE = "insert into parked (source, key, from_position, reason) values ('x', 'y', 1, 'z')"
_WRITTEN = "select count(*) from parked"


async def work(connection: asyncpg.Connection) -> None:
    """A transaction that does not end."""
    async with one_transaction(connection):
        await connection.fetchval("select pg_sleep(0.001), $1::int", 1)
        await connection.execute(_WRITE)
        await connection.execute("select pg_sleep(5)")


async def test_a_cancelled_transaction_ends_as_cancelled(connect: Connect) -> None:
    """At the moments of preparing and of running; what is left of it is rolled back or closed."""
    for moment in range(MOMENTS):
        connection = await connect()
        working = asyncio.create_task(work(connection))
        for _ in range(3 * moment):
            await asyncio.sleep(0)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        if not connection.is_closed():
            assert await connection.fetchval(_WRITTEN) == 0
        connection.terminate()


class Confused(asyncpg.Connection):
    """The driver between the server's error and its "ready": it takes no statement and raises an error of its own."""

    async def execute(self, query: str, *arguments: object, timeout: float | None = None) -> str:
        """As it is, but for the rollback."""
        if query == "rollback":
            raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")
        return await super().execute(query, *arguments, timeout=timeout)


async def test_where_the_driver_is_confused_its_connection_is_given_up(source: Database) -> None:
    connection = await asyncpg.connect(source.dsn, connection_class=Confused)
    working = asyncio.create_task(work(connection))
    await asyncio.sleep(0.05)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert connection.is_closed()
    assert await source.backbone.fetchval(_WRITTEN) == 0


async def test_an_act_that_is_broken_off_hangs_up_without_good_bye(
    source: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The polite end of a connection waits for an answer, which a frozen server does not give."""
    closed: list[bool] = []
    close = asyncpg.Connection.close

    async def watched(connection: asyncpg.Connection, *, timeout: float | None = None) -> None:
        closed.append(connection.is_closed())
        await close(connection, timeout=timeout)

    monkeypatch.setattr(asyncpg.Connection, "close", watched)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), source.transaction() as session:
            await session.execute(text("select pg_sleep(60)"))
    assert closed == [True]


async def test_what_fails_is_raised_and_rolled_back(source: Database) -> None:
    async def fail() -> None:
        async with one_transaction(connection):
            await connection.execute(_WRITE)
            raise ZeroDivisionError

    async with source.backbone.acquire() as connection:
        with pytest.raises(ZeroDivisionError):
            await fail()
        assert await connection.fetchval(_WRITTEN) == 0


async def test_a_client_lost_between_two_messages_holds_nobody_up(source: Database) -> None:
    """After the first message of a statement the server waits for the next one and calls the session active."""
    holder = await asyncpg.connect(source.dsn, server_settings={**LOST_CLIENT, "transaction_timeout": "500ms"})
    other = await asyncpg.connect(source.dsn, server_settings={"lock_timeout": "10s"})
    lock = "select pg_advisory_xact_lock(20261126)"
    try:
        await holder.execute("begin")
        await holder.execute(lock)
        await holder.prepare("select 1")
        session = "select state from pg_stat_activity where pid = $1"
        assert await other.fetchval(session, holder.get_server_pid()) == "active"
        await other.execute(lock)
        assert await other.fetchval(session, holder.get_server_pid()) is None
    finally:
        holder.terminate()
        other.terminate()


async def test_every_connection_that_takes_locks_is_ended_when_its_client_is_lost(source: Database) -> None:
    async with source.transaction() as session:
        assert await driver_of(session).fetchval("show transaction_timeout") == LOST_CLIENT["transaction_timeout"]
    assert await source.backbone.fetchval("show transaction_timeout") == LOST_CLIENT["transaction_timeout"]
