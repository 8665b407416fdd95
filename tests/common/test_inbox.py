"""Events in: once, never older news, and effect and offset in one commit. See also `bus_conformance`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID, uuid4

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import inbox
from libs.common.bus import Bus, Record, Subscription
from libs.common.db import Database
from libs.common.events import Event
from libs.common.inbox import is_transient
from tests.common.hearing import SOURCE, Ear, Wire, published, say, sequence_all, withdrawn
from tests.platform import Platform

AGAIN = """
with head as (update journal_head set position = position + 1 returning position)
insert into journal (position, event_id, topic, part, key, version, type, payload, headers, created_at)
select head.position, event_id, topic, part, key, version, type, payload, headers, created_at
from journal, head where journal.position = $1
"""
AT_COMMIT = """
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'not at commit'; end $$;
create constraint trigger refuse after insert on effect deferrable initially deferred
for each row execute function refuse();
"""


async def told(platform: Platform, source: Database, ear: Ear, *events: Event) -> list[tuple[str, int]]:
    """What the listener did about the events so far, as (key, version)."""
    for event in events:
        await say(source, event)
    await sequence_all(source)
    await ear.hear(platform.bus)
    return [(key, version) for key, version, _ in await ear.effects()]


async def test_an_event_that_comes_twice_has_its_effect_once(platform: Platform, source: Database, ear: Ear) -> None:
    key = uuid4()
    await told(platform, source, ear, published(key))
    await source.backbone.execute(AGAIN, 1)
    assert await told(platform, source, ear) == [(str(key), 1)]
    assert await ear.offset() == 2


async def test_twice_in_one_batch_is_once_too(platform: Platform, source: Database, ear: Ear) -> None:
    key = uuid4()
    await say(source, published(key))
    await sequence_all(source)
    await source.backbone.execute(AGAIN, 1)
    assert await told(platform, source, ear) == [(str(key), 1)]
    assert await ear.offset() == 2


@pytest.mark.parametrize("at_once", [True, False])
async def test_older_news_is_never_heard(platform: Platform, source: Database, ear: Ear, at_once: bool) -> None:
    key = uuid4()
    for event in (published(key, 2), published(key, 1), published(key, 2)):
        await say(source, event)
        await sequence_all(source)
        if not at_once:
            await ear.hear(platform.bus)
    assert await told(platform, source, ear, published(key, 3)) == [(str(key), 2), (str(key), 3)]
    assert await ear.offset() == 4


async def test_a_gap_in_the_versions_does_no_harm(platform: Platform, source: Database, ear: Ear) -> None:
    key = uuid4()
    heard = await told(platform, source, ear, published(key, 1), published(key, 7), withdrawn(key, 6))
    assert heard == [(str(key), 1), (str(key), 7)]


def about(key: UUID, does: Callable[[], Any]) -> Callable[[AsyncSession, Event], Any]:
    """A fault that only one key meets."""

    async def fault(session: AsyncSession, event: Event) -> None:
        if event.key == str(key):
            made = does()
            if isinstance(made, BaseException):
                raise made
            await session.execute(*made)

    return fault


POISON: dict[str, Callable[[], Any]] = {
    "a rule": lambda: ValueError("no such thing"),
    "a constraint": lambda: (text("insert into journal_head (only_row, position) values (false, 0)"),),
    "a number that no column holds": lambda: (text("select cast(:n as bigint)"), {"n": 2**63}),
    "a character that no column holds": lambda: (text("select cast(:t as text)"), {"t": "\x00"}),
    "a statement that is wrong": lambda: (text("select nothing from nowhere"),),
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
@pytest.mark.parametrize("where", ["before", "after"])
async def test_a_poison_event_parks_its_key_alone(
    platform: Platform, source: Database, ear: Ear, poison: Callable[[], Any], where: str
) -> None:
    keys = [uuid4() for _ in range(5)]
    setattr(ear, where, about(keys[2], poison))
    await say(source, *map(published, keys))
    assert await told(platform, source, ear) == [(str(key), 1) for key in keys if key != keys[2]]
    assert list(await ear.parked()) == [str(keys[2])]
    assert await ear.offset() == 5
    setattr(ear, where, None)
    heard = await told(platform, source, ear, published(keys[2], 2), published(keys[0], 2))
    assert heard[4:] == [(str(keys[0]), 2)]


async def test_a_payload_that_no_longer_fits_parks_its_key(platform: Platform, source: Database, ear: Ear) -> None:
    bad, good = uuid4(), uuid4()
    await say(source, published(bad), published(good))
    await sequence_all(source)
    await source.backbone.execute("""update journal set payload = '{"version": 1}' where position = 1""")
    assert await told(platform, source, ear) == [(str(good), 1)]
    assert "ValidationError" in (await ear.parked())[str(bad)]


async def test_effect_and_offset_are_one_commit(platform: Platform, source: Database, ear: Ear) -> None:
    key = uuid4()
    await ear.database.backbone.execute(AT_COMMIT)
    try:
        await told(platform, source, ear, published(key))
        # The effect was refused at commit: nothing of it is there, and the key is parked in the same commit.
        assert (await ear.effects(), list(await ear.parked()), await ear.offset()) == ([], [str(key)], 1)
        assert await ear.database.backbone.fetchval("select count(*) from inbox") == 0
        assert await ear.database.backbone.fetchval("select count(*) from heard") == 0
    finally:
        await ear.database.backbone.execute("drop trigger refuse on effect; drop function refuse")


async def test_kinds_that_a_service_does_not_hear_move_its_offset_only(
    platform: Platform, source: Database, ear: Ear
) -> None:
    key = uuid4()
    await say(source, published(key))
    await sequence_all(source)
    await source.backbone.execute("update journal set type = 'village_affairs.board.painted.v1'")
    assert await told(platform, source, ear, published(key, 2)) == [(str(key), 2)]
    assert await ear.offset() == 2


class Outrun(Wire):
    """The subscription of a worker that is slow: what it reads first, another one has taken before it can."""

    def __init__(self, inner: Subscription, rival: Callable[[], Awaitable[None]]) -> None:
        super().__init__(inner)
        self._rival = rival
        self.beaten = asyncio.Event()
        self.reads = 0

    async def read(self, after: int, event_id: UUID | None) -> Sequence[Record]:
        """See `Subscription.read`."""
        self.reads += 1
        records = await super().read(after, event_id)
        if records and not self.beaten.is_set():
            await self._rival()
            self.beaten.set()
        return records

    @asynccontextmanager
    async def subscribe(self, _source: str, _group: str) -> AsyncIterator[Subscription]:
        """See `Bus.subscribe`: this one."""
        yield self


@asynccontextmanager
async def beaten(platform: Platform, source: Database, ear: Ear, key: UUID) -> AsyncIterator[Outrun]:
    """A delivery loop whose first batch, the event of `key`, was taken by another worker."""
    await say(source, published(key))
    await sequence_all(source)
    async with platform.bus.subscribe(SOURCE, ear.service.name) as subscription:
        slow = Outrun(subscription, lambda: ear.hear(platform.bus))
        loop = asyncio.create_task(ear.delivery().run(cast(Bus, slow)))
        try:
            async with asyncio.timeout(30):
                await slow.beaten.wait()
            yield slow
        finally:
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)


async def test_who_was_beaten_leaves_the_source_to_the_other(
    platform: Platform, source: Database, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "BEATEN_SECONDS", 3600.0)
    keys = [uuid4() for _ in range(5)]
    async with beaten(platform, source, ear, keys[0]) as slow:
        for key in keys[1:]:
            await told(platform, source, ear, published(key))
        assert slow.reads == 1
    assert await ear.effects() == [(str(key), 1, "公告") for key in keys]


async def test_who_was_beaten_takes_over_when_the_other_is_gone(
    platform: Platform, source: Database, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "BEATEN_SECONDS", 0.01)
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def tell(_session: AsyncSession, event: Event) -> None:
        heard.put_nowait(event.key)

    keys = [uuid4(), uuid4()]
    async with beaten(platform, source, ear, keys[0]), asyncio.timeout(30):
        ear.after = tell
        await say(source, published(keys[1]))
        await sequence_all(source)
        assert await heard.get() == str(keys[1])


class Adapted(Exception):
    """What SQLAlchemy's adapter makes of an error of the driver's for which it has no class of its own."""

    def __init__(self, error: asyncpg.PostgresError) -> None:
        self.sqlstate = error.sqlstate


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (sa.exc.DBAPIError(None, None, Adapted(asyncpg.ConnectionDoesNotExistError())), True),
        (sa.exc.DBAPIError(None, None, Adapted(asyncpg.DataError())), False),
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (sa.exc.TimeoutError(), True),
        (asyncpg.CannotConnectNowError(), True),
        (asyncpg.TooManyConnectionsError(), True),
        (asyncpg.DiskFullError(), True),
        (asyncpg.DeadlockDetectedError(), True),
        (asyncpg.QueryCanceledError(), True),
        (asyncpg.AdminShutdownError(), True),
        (asyncpg.ConnectionDoesNotExistError(), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InternalClientError("cannot switch to state 12"), True),
        (asyncpg.UniqueViolationError(), False),
        (asyncpg.DataError(), False),
        (ValueError(), False),
        (KeyError(), False),
        (AssertionError(), False),
    ],
)
def test_faults_that_pass_are_told_from_faults_that_stay(error: Exception, passes: bool) -> None:
    assert is_transient(error) is passes
