"""One row per act, chained, and the first bad row is named."""

import asyncio
from datetime import datetime, timedelta

import orjson
import pytest

from libs.common.audit import record, seal, seal_once, verify
from libs.common.db import Database
from libs.common.permission import Actor, Role
from tests.common.conftest import Connect
from tests.documents import Life
from tests.platform import Platform

REVIEWER = Actor("zhang", "张三", frozenset({Role.REVIEWER, Role.EDITOR}), "990001000000", "990001-zf")


async def acts(source: Database, number: int, first: int = 1) -> None:
    """So many acts, each in a transaction of its own."""
    for n in range(first, first + number):
        async with source.transaction() as session:
            await record(session, REVIEWER, "thing.approve", str(n), region="990001000000", version=n)


async def things(source: Database) -> list[str]:
    """What was acted on, in the order of the chain."""
    rows = await source.backbone.fetch("select entry->>'thing' as thing from audit order by position")
    return [row["thing"] for row in rows]


async def test_an_act_writes_one_row_and_an_act_that_fails_none(seeded: Platform) -> None:
    life = await Life.draft(seeded)
    waiting = seeded.database("publication").backbone

    async def rows() -> int:
        return int(await waiting.fetchval("select count(*) from audit_waiting"))

    before = await rows()
    await life.act("submit")
    assert await rows() == before + 1
    assert (await life.act("submit", ok=False)).status_code == 409
    assert (await life.act("approve", ok=False, headers=seeded.token("auditor"))).status_code == 403
    assert await rows() == before + 1
    entry = orjson.loads(await waiting.fetchval("select entry::text from audit_waiting order by id desc limit 1"))
    assert (entry["actor"], entry["roles"], entry["actor_region"]) == ("editor", ["editor"], "990001000000")
    assert (entry["thing"], entry["version"]) == (life.id, life.version)
    assert entry["request_id"]
    assert datetime.fromisoformat(entry["at"]).utcoffset() == timedelta(0)


async def test_an_act_that_rolls_back_was_none(source: Database) -> None:
    async def change_ones_mind() -> None:
        async with source.transaction() as session:
            await record(session, None, "thing.ask", "1")
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_ones_mind()
    assert await source.backbone.fetchval("select count(*) from audit_waiting") == 0


async def test_the_chain_is_whole_after_sealing(source: Database, connect: Connect) -> None:
    connection = await connect()
    assert await verify(connection) == (0, None)
    await acts(source, 3)
    assert await seal_once(connection) == 3
    assert await seal_once(connection) == 0
    await acts(source, 2, first=4)
    assert await seal_once(connection) == 2
    assert await verify(connection) == (5, None)
    assert await things(source) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("damage", "first_bad"),
    [
        ("update audit set entry = replace(entry::text, 'zhang', 'li')::json where position = 3", 3),
        ("update audit set entry = (entry::text || ' ')::json where position = 1", 1),
        ("update audit set hash = sha256('x') where position = 4", 4),
        ("delete from audit where position = 3", 4),
        ("delete from audit where position = 1", 2),
        (
            "update audit a set entry = b.entry, hash = b.hash from audit b"
            " where (a.position, b.position) in ((2, 3), (3, 2))",
            2,
        ),
        (
            "insert into audit (position, entry, hash) select 6, entry, hash from audit where position = 5",
            6,
        ),
        ("delete from audit where position = 2; update audit set position = position - 1 where position > 2", 2),
    ],
    ids=["altered", "respaced", "rehashed", "deleted", "beheaded", "swapped", "appended", "closed up"],
)
async def test_the_first_bad_row_is_named(source: Database, connect: Connect, damage: str, first_bad: int) -> None:
    connection = await connect()
    await acts(source, 5)
    await seal_once(connection)
    await connection.execute(damage)
    assert (await verify(connection))[1] == first_bad


async def test_concurrent_sealers_make_one_chain(source: Database, connect: Connect) -> None:
    number, done = 60, asyncio.Event()

    async def act() -> None:
        await acts(source, number)
        done.set()

    async def sealing() -> int:
        connection, sealed = await connect(), 0
        while not done.is_set() or await connection.fetchval("select exists (select from audit_waiting)"):
            sealed += await seal_once(connection)
        return sealed

    async with asyncio.timeout(60):
        _, *sealed = await asyncio.gather(act(), sealing(), sealing(), sealing())
    assert sum(sealed) == number
    assert await verify(await connect()) == (number, None)
    assert sorted(map(int, await things(source))) == list(range(1, number + 1))


async def test_the_sealer_runs_until_it_is_stopped(source: Database, connect: Connect) -> None:
    await acts(source, 1)
    sealer = asyncio.create_task(seal("village_affairs", source.backbone))
    try:
        async with asyncio.timeout(20):
            while not await things(source):
                pass
    finally:
        sealer.cancel()
        await asyncio.gather(sealer, return_exceptions=True)
    assert await verify(await connect()) == (1, None)
