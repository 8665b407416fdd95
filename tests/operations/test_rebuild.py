"""A rebuild makes what the live path has made, puts it in place unnoticed, and leaves nothing when it is broken off."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import orjson
import pytest

from libs.common import failpoints
from libs.common.db import driver_of
from libs.common.embedded import EmbeddedPostgres
from libs.common.failpoints import FailpointError
from libs.common.inbox import Delivery
from libs.common.migrate import check_no_drift
from libs.common.outbox import emit, sequence_once
from libs.common.rebuild import RebuildRefused, rebuild
from libs.common.runtime import database_name
from services.registry import pick
from tests.documents import Life, listed
from tests.operations.projected import EVERY, TESTER, amend, county, holds, settler, withdraw
from tests.platform import Platform
from tests.village_affairs.notices import published, say, withdrawn

services = pytest.mark.parametrize("service", [service for service, _ in EVERY])


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


async def remains(platform: Platform, service: str) -> list[str]:
    rows = await platform.database(service).backbone.fetch(
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relname like '%\\_shadow%' order by relname"
    )
    return [row["relname"] for row in rows]


@services
async def test_what_is_rebuilt_equals_what_was_live(seeded: Platform, service: str) -> None:
    await county(seeded)
    before = await holds(seeded, service)
    assert all(before.values())
    report = await rebuild(settler(seeded, service), TESTER)
    assert (report.swapped, report.differences) == (True, {})
    assert await holds(seeded, service) == before
    assert await remains(seeded, service) == []


@services
async def test_the_schema_is_what_alembic_knows(seeded: Platform, service: str, postgres: EmbeddedPostgres) -> None:
    await rebuild(settler(seeded, service), TESTER)
    (one,) = pick([service])
    await asyncio.to_thread(check_no_drift, one, postgres.dsn(database_name(service)))


async def test_grants_go_along(seeded: Platform) -> None:
    database = seeded.database("publication").backbone
    role = f'"reader-{uuid4().hex}"'
    await database.execute(f"create role {role}")
    await database.execute(f"grant select on listing_entry to {role}")
    granted = (
        "select count(*) from information_schema.table_privileges where table_name = 'listing_entry' and grantee = $1"
    )
    await rebuild(settler(seeded, "publication"), TESTER)
    assert await database.fetchval(granted, role.strip('"')) == 1
    await database.execute(f"drop owned by {role}")
    await database.execute(f"drop role {role}")


@services
async def test_damage_is_told_and_mended(seeded: Platform, service: str) -> None:
    await county(seeded)
    before = await holds(seeded, service)
    one = settler(seeded, service)
    table = one.projection.tables[0]
    database = seeded.database(service).backbone
    victims = await database.fetch(f"select {table.key} as id from {table.name} where {one.projection.where} limit 2")
    gone, changed = (row["id"] for row in victims)
    await database.execute(f"delete from {table.name} where {table.key} = $1", gone)
    await database.execute(f"update {table.name} set item = '99999999' where {table.key} = $1", changed)
    await database.execute(
        f"insert into {table.name} select (jsonb_populate_record(t, jsonb_build_object('{table.key}', $2::text))).*"
        f" from {table.name} t where {table.key} = $1",
        changed,
        str(uuid4()),
    )
    found = {"different": 1, "extra": 1, "missing": 1}
    dry = await rebuild(one, TESTER, dry_run=True)
    assert (dry.swapped, dry.differences) == (False, found)
    report = await rebuild(one, TESTER)
    assert (report.swapped, report.differences) == (True, found)
    assert await holds(seeded, service) == before


async def test_it_is_audited(seeded: Platform) -> None:
    await rebuild(settler(seeded, "catalog"), TESTER)
    entries = await seeded.database("catalog").backbone.fetch("select entry::text as entry from audit_waiting")
    told = [orjson.loads(row["entry"]) for row in entries]
    (entry,) = [one for one in told if one["action"] == "operations.rebuild"]
    assert (entry["thing"], entry["actor"]) == ("catalog coverage", "tester")


async def test_readers_and_writers_never_notice(seeded: Platform) -> None:
    lives = [await Life.published(seeded, title=f"第{n}号") for n in range(12)]
    await seeded.drain()
    one = settler(seeded, "publication")
    done = asyncio.Event()

    async def read() -> int:
        pages = 0
        while not done.is_set():
            titles = await listed(seeded, "990001", limit=100)
            assert {f"第{n}号" for n in range(12)} <= set(titles)
            pages += 1
        return pages

    async def write() -> list[str]:
        titles: list[str] = []
        while not done.is_set():
            titles.append(f"其间{len(titles)}")
            await Life.published(seeded, title=titles[-1])
        return titles

    readers = [asyncio.create_task(read()) for _ in range(3)]
    writer = asyncio.create_task(write())
    try:
        for _ in range(4):
            report = await rebuild(one, TESTER)
            assert (report.swapped, report.differences) == (True, {})
    finally:
        done.set()
    assert all([await reader for reader in readers])
    meanwhile = await writer
    assert meanwhile
    assert set(await listed(seeded, "990001", limit=100)) == {*meanwhile, *(f"第{n}号" for n in range(len(lives)))}


async def test_what_has_not_reached_the_service_yet_is_not_shown_early_nor_twice(seeded: Platform) -> None:
    """Published and withdrawn at the source, neither heard yet: the boards show what the service has heard of."""
    early, late = published(), published()
    await say(seeded, early)
    before = await holds(seeded, "village_affairs")
    async with seeded.database("publication").transaction() as session:
        await emit(session, withdrawn(early))
        await emit(session, late)
    async with seeded.database("publication").backbone.acquire() as connection:
        await sequence_once(connection)
    report = await rebuild(settler(seeded, "village_affairs"), TESTER)
    assert (report.swapped, report.differences) == (True, {})
    assert await holds(seeded, "village_affairs") == before
    await seeded.drain()
    after = await holds(seeded, "village_affairs")
    assert [row[0] for row in after["listing_entry"]] == [late.document]


async def test_own_acts_count_before_they_are_sequenced(seeded: Platform) -> None:
    life = await Life.published(seeded)
    gone = await Life.published(seeded)
    await seeded.drain()
    await amend(life, publish=True)
    await withdraw(gone)
    before = await holds(seeded, "publication")
    report = await rebuild(settler(seeded, "publication"), TESTER)
    assert (report.swapped, report.differences) == (True, {})
    assert await holds(seeded, "publication") == before


async def test_a_parked_key_keeps_its_rows(seeded: Platform) -> None:
    first = published()
    await say(seeded, first)
    before = await holds(seeded, "village_affairs")
    await seeded.database("village_affairs").backbone.execute(
        "insert into parked (source, key, from_position, reason) values ('publication', $1, 1, 'poison')", first.key
    )
    await say(seeded, published(2, document=first.document, title="坏的"))
    report = await rebuild(settler(seeded, "village_affairs"), TESTER)
    assert (report.swapped, report.differences) == (True, {})
    assert await holds(seeded, "village_affairs") == before


@pytest.mark.parametrize("point", ["rebuild.filled", "rebuild.before_swap"])
async def test_broken_off_it_changes_nothing_and_the_next_run_starts_over(seeded: Platform, point: str) -> None:
    await county(seeded)
    before = await holds(seeded, "catalog")
    failpoints.arm(f"{point}=raise")
    with pytest.raises(FailpointError):
        await rebuild(settler(seeded, "catalog"), TESTER)
    assert await holds(seeded, "catalog") == before
    # Of a killed process the shadow stays behind.
    await seeded.database("catalog").backbone.execute("create table if not exists covering_shadow (x int)")
    assert (await rebuild(settler(seeded, "catalog"), TESTER)).swapped
    assert await holds(seeded, "catalog") == before
    assert await remains(seeded, "catalog") == []


async def test_of_two_at_once_the_second_says_so(seeded: Platform) -> None:
    one = settler(seeded, "publication")
    async with asyncio.TaskGroup() as tasks:
        hung = asyncio.Event()

        def progress(_more: int) -> None:
            hung.set()

        await Life.published(seeded)
        await seeded.drain()
        first = tasks.create_task(rebuild(one, TESTER, progress=progress))
        await hung.wait()
        with pytest.raises(RebuildRefused, match="another process"):
            await rebuild(one, TESTER)
    assert first.result().swapped


async def test_tables_that_are_held_make_it_give_up(seeded: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libs.common.rebuild.ATTEMPTS", 1)
    async with seeded.database("publication").transaction() as session:
        await driver_of(session).execute("lock table listing_entry in row exclusive mode")
        with pytest.raises(RebuildRefused, match="stays as it was"):
            await rebuild(settler(seeded, "publication"), TESTER)
    assert await remains(seeded, "publication") == []
    # Whoever delivers goes on.
    (one,) = pick(["publication"])
    async with seeded.bus.subscribe("catalog", "publication") as subscription:
        await Delivery(one, seeded.database("publication"), "catalog").step(subscription)
