"""Readers of the same thing share a query, and never one that began before they asked."""

import asyncio

import pytest

from libs.common.rounds import Rounds


class Database:
    """A value that changes, and queries that end when the test says so."""

    def __init__(self) -> None:
        self.value = 0
        self.queries = 0
        self.gate = asyncio.Event()

    async def query(self) -> int:
        self.queries += 1
        found = self.value
        await self.gate.wait()
        return found


async def ticks(count: int = 5) -> None:
    """Let the loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_readers_at_the_same_time_share_one_query() -> None:
    database, rounds = Database(), Rounds[int]()
    readers = [asyncio.create_task(rounds.read("page", database.query)) for _ in range(50)]
    await ticks()
    database.gate.set()
    assert await asyncio.gather(*readers) == [0] * 50
    assert database.queries == 1


async def test_who_asks_after_a_change_sees_it() -> None:
    database, rounds = Database(), Rounds[int]()
    early = asyncio.create_task(rounds.read("page", database.query))
    await ticks()
    database.value = 1  # committed while the first query is under way
    late = [asyncio.create_task(rounds.read("page", database.query)) for _ in range(10)]
    await ticks()
    assert database.queries == 1
    database.gate.set()
    assert await early == 0
    assert await asyncio.gather(*late) == [1] * 10
    assert database.queries == 2


async def test_other_things_do_not_wait() -> None:
    database, other, rounds = Database(), Database(), Rounds[int]()
    other.gate.set()
    waiting = asyncio.create_task(rounds.read("page", database.query))
    await ticks()
    assert await rounds.read("another", other.query) == 0
    database.gate.set()
    await waiting


async def test_a_reader_who_goes_away_takes_nothing_from_the_others() -> None:
    database, rounds = Database(), Rounds[int]()
    first = asyncio.create_task(rounds.read("page", database.query))
    second = asyncio.create_task(rounds.read("page", database.query))
    await ticks()
    first.cancel()
    await ticks()
    database.gate.set()
    assert await second == 0


async def test_a_failure_is_everybodys_and_is_not_kept() -> None:
    database, rounds = Database(), Rounds[int]()
    database.gate.set()

    async def fails() -> int:
        raise ConnectionResetError

    readers = [asyncio.create_task(rounds.read("page", fails)) for _ in range(3)]
    for reader in readers:
        with pytest.raises(ConnectionResetError):
            await reader
    assert await rounds.read("page", database.query) == 0


async def test_nothing_is_kept() -> None:
    database, rounds = Database(), Rounds[int]()
    database.gate.set()
    for value in range(3):
        database.value = value
        assert await rounds.read("page", database.query) == value
    assert not rounds._under_way
    assert not rounds._gathering
