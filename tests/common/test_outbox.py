"""How events get their positions: with the commit, in the order of the row's versions, and without a gap."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text

from libs.common import outbox
from libs.common.db import Database
from libs.common.leading import leading, leading_meanwhile
from libs.common.outbox import MAX_PAYLOAD_BYTES, SEQUENCER, EventTooLarge, emit, sequence_once
from tests.common.conftest import Connect
from tests.common.hearing import SOURCE, published, say, sequence_all

LOCK_ROW = text("update item_row set version = version + 1 where only_row returning version")


@pytest.fixture
async def item_row(source: Database) -> AsyncIterator[None]:
    """A row that acts lock before they speak."""
    await source.backbone.execute("drop table if exists item_row")
    await source.backbone.execute("create table item_row (only_row boolean, version bigint)")
    await source.backbone.execute("insert into item_row values (true, 0)")
    yield
    await source.backbone.execute("drop table item_row")


async def journal(source: Database) -> list[tuple[int, str, int]]:
    """(position, key, version) of everything said."""
    rows = await source.backbone.fetch("select position, key, version from journal order by position")
    return [tuple(row) for row in rows]


async def waiting(source: Database) -> int:
    """How many events wait for the sequencer."""
    return int(await source.backbone.fetchval("select count(*) from outbox"))


async def blocked(source: Database) -> None:
    """Return as soon as a connection waits for another one's row."""
    async with asyncio.timeout(20):
        while not await source.backbone.fetchval(
            "select exists (select from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock')"
        ):
            pass


async def test_an_event_is_said_only_with_the_commit(source: Database) -> None:
    async def change_ones_mind() -> None:
        async with source.transaction() as session:
            await emit(session, published(uuid4()))
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_ones_mind()
    assert await waiting(source) == 0
    async with source.transaction() as session:
        await emit(session, published(uuid4()))
        assert await waiting(source) == 0
    assert await waiting(source) == 1


@pytest.mark.usefixtures("item_row")
async def test_versions_of_one_row_keep_their_order_whoever_began_first(source: Database) -> None:
    row, other = uuid4(), uuid4()
    begun = AsyncExitStack()
    async with source.transaction() as early:
        first = await begun.enter_async_context(source.transaction())
        await emit(early, published(other))  # takes the lowest id, and commits last

        version = (await first.execute(LOCK_ROW)).scalar_one()

        async def change_again() -> None:
            async with source.transaction() as second:
                await second.execute(text("select pg_current_xact_id()"))  # has begun, but must wait for the row
                seen = (await second.execute(LOCK_ROW)).scalar_one()
                await emit(second, published(row, seen))

        waiter = asyncio.create_task(change_again())
        await blocked(source)
        await emit(first, published(row, version))
        await begun.aclose()  # commits the first
        await waiter
        await sequence_all(source)
        assert await journal(source) == [(1, str(row), 1), (2, str(row), 2)]
    await sequence_all(source)
    assert await journal(source) == [(1, str(row), 1), (2, str(row), 2), (3, str(other), 1)]


async def test_an_id_that_commits_late_is_not_lost(source: Database) -> None:
    late, soon = uuid4(), uuid4()
    async with source.transaction() as slow:
        await emit(slow, published(late))
        await say(source, published(soon))
        await sequence_all(source)
        assert await journal(source) == [(1, str(soon), 1)]
    await sequence_all(source)
    assert await journal(source) == [(1, str(soon), 1), (2, str(late), 1)]
    assert await waiting(source) == 0


async def test_two_sequencers_never_interleave(source: Database, connect: Connect) -> None:
    keys = [uuid4() for _ in range(20)]
    versions, done = 20, asyncio.Event()
    for version in range(1, 6):  # a backlog of many batches
        await say(source, *(published(key, version) for key in keys))

    async def speak() -> None:
        for version in range(6, versions + 1):
            await say(source, *(published(key, version) for key in keys))
        done.set()

    async def move() -> int:
        connection, moved = await connect(), 0
        while not done.is_set() or await waiting(source):
            async with leading_meanwhile(connection, SEQUENCER) as leads:
                moved += await sequence_once(connection, batch=7) if leads else 0
        return moved

    async with asyncio.timeout(60):
        _, *moved = await asyncio.gather(speak(), move(), move(), move())
    said = await journal(source)
    assert sum(moved) == len(said) == len(keys) * versions
    assert [position for position, _, _ in said] == list(range(1, len(said) + 1))
    for key in keys:
        assert [v for _, k, v in said if k == str(key)] == list(range(1, versions + 1))
    assert await source.backbone.fetchval("select position from journal_head") == len(said)


async def test_a_sequencer_that_dies_leaves_no_half_batch(source: Database, connect: Connect) -> None:
    await say(source, *(published(uuid4()) for _ in range(3)))
    connection = await connect()
    transaction = connection.transaction()
    await transaction.start()
    assert await sequence_once(connection) == 3  # in a transaction around its own: not committed yet
    connection.terminate()
    await sequence_all(source)
    assert [position for position, _, _ in await journal(source)] == [1, 2, 3]


async def test_a_version_is_said_once(source: Database) -> None:
    key = uuid4()
    await say(source, published(key, 1))
    with pytest.raises(Exception, match="uq_outbox_key_version_topic"):
        await say(source, published(key, 1))


async def test_an_event_that_is_too_large_is_refused(source: Database) -> None:
    room = MAX_PAYLOAD_BYTES - len(published(uuid4()).model_dump_json().encode())
    with pytest.raises(EventTooLarge, match=r"village_affairs\.notice\.published\.v1"):
        await say(source, published(uuid4(), summary="x" * (room + 1)))
    assert await waiting(source) == 0
    await say(source, published(uuid4(), summary="x" * room))
    assert await waiting(source) == 1


async def arrived(source: Database, events: int) -> None:
    """Return once so many events have a position."""
    with source.bell.waiting("journal") as news:
        async with asyncio.timeout(30):
            while len(await journal(source)) < events:
                await news.wait(0.5)


async def test_a_standby_takes_over_when_the_leader_loses_its_connection(source: Database, connect: Connect) -> None:
    leader = await connect()
    async with leading_meanwhile(leader, SEQUENCER) as leads, leading_meanwhile(await connect(), SEQUENCER) as second:
        assert (leads, second) == (True, False)
    assert await leader.fetchval(f"select pg_try_advisory_lock(hashtext('yangguang.{SEQUENCER}'))")
    await say(source, published(uuid4()))
    standby = asyncio.create_task(outbox.sequence("village_affairs", source.dsn, source.bell))
    try:
        assert await source.backbone.fetchval("select pg_terminate_backend($1)", leader.get_server_pid())
        await arrived(source, 1)
    finally:
        standby.cancel()
        await asyncio.gather(standby, return_exceptions=True)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await leader.execute("select 1")


async def test_a_leader_that_falls_silent_is_followed_by_another(source: Database) -> None:
    async with leading(SOURCE, source.dsn, SEQUENCER, again=0.01, idle_session_timeout="200ms") as frozen:
        await say(source, published(uuid4()))
        standby = asyncio.create_task(outbox.sequence(SOURCE, source.dsn, source.bell))
        try:
            await arrived(source, 1)
        finally:
            standby.cancel()
            await asyncio.gather(standby, return_exceptions=True)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await frozen.execute("select 1")


async def test_a_sequencer_that_loses_its_connection_makes_a_new_one(source: Database) -> None:
    sequencer = asyncio.create_task(outbox.sequence("village_affairs", source.dsn, source.bell))
    try:
        for expected in (1, 2):
            await say(source, published(uuid4()))
            await arrived(source, expected)
            assert await source.backbone.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where application_name = 'village_affairs-sequencer' and datname = current_database()"
            )
    finally:
        sequencer.cancel()
        await asyncio.gather(sequencer, return_exceptions=True)
