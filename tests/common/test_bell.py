"""The doorbell shortens waits between processes, and heals by itself."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from libs.common.bell import Bell, Waiter
from libs.common.embedded import EmbeddedPostgres

FAR_AWAY = 120.0


@pytest.fixture
def dsn(postgres: EmbeddedPostgres) -> str:
    """A database that nothing else listens to."""
    return postgres.dsn("postgres")


@contextlib.asynccontextmanager
async def listening(dsn: str) -> AsyncIterator[tuple[Bell, Waiter]]:
    """A process's bell that listens already, and a waiter on the outbox."""
    bell = Bell(dsn)
    with bell.waiting("outbox") as waiter, bell.waiting("progress") as last:
        bell.start()
        await woken(last)  # of the channels, the last to be listened to
        await woken(waiter)
        try:
            yield bell, waiter
        finally:
            await bell.close()


async def woken(waiter: Waiter) -> None:
    """Insist that the waiter is woken long before its poll."""
    async with asyncio.timeout(30):
        await waiter.wait(FAR_AWAY)


async def sleeps(waiter: Waiter) -> bool:
    """Whether nothing has rung."""
    try:
        async with asyncio.timeout(0):
            await waiter.wait(FAR_AWAY)
    except TimeoutError:
        return True
    return False


async def test_a_ring_wakes_the_waiters_of_another_process(dsn: str) -> None:
    async with listening(dsn) as (one, _), listening(dsn) as (_, waiter):
        one.ring("outbox")
        await woken(waiter)


async def test_a_ring_between_two_waits_is_not_missed_and_wakes_once(dsn: str) -> None:
    bell = Bell(dsn)
    with bell.waiting("outbox") as waiter, bell.waiting("journal") as other:
        bell.ring("outbox")
        bell.ring("outbox")
        await woken(waiter)
        assert await sleeps(waiter)
        assert await sleeps(other)
        await waiter.wait(0.001)  # nobody rings: the poll ends the wait


async def test_a_notify_by_any_connection_rings(dsn: str) -> None:
    async with listening(dsn) as (_, waiter):
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute("notify outbox")
        finally:
            await connection.close()
        await woken(waiter)


async def test_a_lost_connection_is_made_again(dsn: str) -> None:
    async with listening(dsn) as (_, waiter), listening(dsn) as (other, others):
        connection = await asyncpg.connect(dsn)
        try:
            ended = await connection.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            assert ended >= 2
            await woken(waiter)  # listening again: whatever rang meanwhile is looked for
            await woken(others)
            assert await sleeps(waiter)
            other.ring("outbox")
            await woken(waiter)
        finally:
            await connection.close()


async def test_a_bell_that_cannot_connect_keeps_trying_and_closes(tmp_path: str) -> None:
    bell = Bell(f"postgresql://nobody@/nothing?host={tmp_path}")
    bell.start()
    with bell.waiting("outbox") as waiter:
        bell.ring("outbox")
        await woken(waiter)
    await bell.close()
    await Bell("postgresql://").close()


async def test_what_may_wait_rings_once_for_all(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libs.common.bell.SOON_SECONDS", 0.01)
    bell = Bell(dsn)
    with bell.waiting("outbox") as waiter:
        bell.ring_soon("outbox")
        bell.ring_soon("outbox")
        assert await sleeps(waiter)
        await woken(waiter)
        bell.ring_soon("outbox")
        await woken(waiter)
        assert await sleeps(waiter)
