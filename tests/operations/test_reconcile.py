"""Reconciliation finds every kind of drift, mends it through events, and finds nothing where nothing is wrong."""

import asyncio
import contextlib
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from prometheus_client import REGISTRY

from libs.common.inbox import Delivery
from libs.common.outbox import sequence_once
from libs.common.reconcile import keep_reconciled, reconcile
from libs.common.reconcile_heard import judge
from libs.common.reconcile_projection import SHARES
from services.registry import ALL, pick
from tests.documents import Life
from tests.operations.projected import EVERY, amend, county, holds, settler, withdraw
from tests.platform import Platform
from tests.village_affairs.notices import published, say, withdrawn

services = pytest.mark.parametrize("service", [service for service, _ in EVERY])


async def found(platform: Platform, service: str, share: int | None = None) -> dict[str, dict[str, int]]:
    """What a run finds, by subject; subjects without a finding are left out."""
    (one,) = pick([service])
    findings = await reconcile(one, platform.resources.databases, share=share)
    return {finding.subject: finding.kinds for finding in findings if finding.kinds}


async def run(platform: Platform, service: str, statement: str, *arguments: object) -> str:
    return str(await platform.database(service).backbone.execute(statement, *arguments))


async def test_a_healthy_platform_has_not_drifted(seeded: Platform) -> None:
    await county(seeded)
    for service in ALL:
        assert await found(seeded, service.name) == {}


async def test_a_platform_under_load_has_not_drifted(seeded: Platform) -> None:
    """Acts, sequencing and delivery go on between any two steps of the comparison."""
    done = asyncio.Event()
    lives = [await Life.published(seeded) for _ in range(4)]

    async def act() -> None:
        while not done.is_set():
            life = await Life.published(seeded)
            await amend(lives[0], publish=True)
            await withdraw(life)

    async def sequence() -> None:
        connections = {one.name: await asyncpg.connect(seeded.database(one.name).dsn) for one in ALL}
        while not done.is_set():
            for connection in connections.values():
                await sequence_once(connection, 3)
            await asyncio.sleep(0)
        for connection in connections.values():
            await connection.close()

    async def deliver(service: str) -> None:
        (one,) = pick([service])
        while not done.is_set():
            for source in one.sources:
                async with seeded.bus.subscribe(source, service) as subscription:
                    await Delivery(one, seeded.database(service), source).step(subscription)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(act()), asyncio.create_task(sequence())]
    tasks += [asyncio.create_task(deliver(service)) for service, _ in EVERY]
    try:
        for _ in range(3):
            for service, _projection in EVERY:
                assert await found(seeded, service) == {}
    finally:
        done.set()
    await asyncio.gather(*tasks)
    await seeded.drain()
    for service, _projection in EVERY:
        assert await found(seeded, service) == {}


@services
async def test_damaged_rows_are_found_and_mended(seeded: Platform, service: str) -> None:
    await county(seeded)
    before = await holds(seeded, service)
    one = settler(seeded, service)
    table = one.projection.tables[0]
    rows = await seeded.database(service).backbone.fetch(
        f"select {table.key} as id from {table.name} where {one.projection.where} order by 1 limit 2"
    )
    gone, changed = (row["id"] for row in rows)
    await run(seeded, service, f"delete from {table.name} where {table.key} = $1", gone)
    await run(seeded, service, f"update {table.name} set version = version + 7 where {table.key} = $1", changed)
    await run(
        seeded,
        service,
        f"insert into {table.name} select (jsonb_populate_record(t, jsonb_build_object('{table.key}', $2::text))).*"
        f" from {table.name} t where {table.key} = $1",
        changed,
        str(uuid4()),
    )
    drift = {"missing": 1, "different": 1, "extra": 1}
    assert await found(seeded, service) == {one.projection.name: drift}
    await seeded.drain()
    assert await holds(seeded, service) == before
    assert await found(seeded, service) == {}


@pytest.mark.parametrize("service", [service for service, _ in EVERY if service != "publication"])
async def test_a_lost_event_is_found_and_mended(seeded: Platform, service: str) -> None:
    """The offset was moved past events by hand: one that shows, one that changes, one that hides."""
    amended, gone = await Life.published(seeded), await Life.published(seeded)
    await seeded.drain()
    await amend(amended, publish=True)
    await withdraw(gone)
    new = await Life.published(seeded)
    async with seeded.database("publication").backbone.acquire() as connection:
        await sequence_once(connection)
    await run(
        seeded,
        service,
        "update consumer_offset set position = $1, event_id = null where source = 'publication'",
        await seeded.database("publication").backbone.fetchval("select position from journal_head"),
    )
    subject = "heard publication"
    assert await found(seeded, service) == {subject: {"missing": 1, "stale": 2}}
    await seeded.drain()
    assert await found(seeded, service) == {}
    shown = {row[0] for row in next(iter((await holds(seeded, service)).values()))}
    assert shown == {UUID(amended.id), UUID(new.id)}


async def test_a_lost_notice_comes_into_the_listings(seeded: Platform) -> None:
    life = (await county(seeded))["all"]
    (notice,) = [row[0] for row in (await holds(seeded, "publication"))["listing_entry"] if row[1] == "notice"]
    before = await holds(seeded, "publication")
    await run(seeded, "publication", "delete from heard where key = $1", str(notice))
    await run(seeded, "publication", "delete from listing_entry where id = $1", notice)
    assert await found(seeded, "publication") == {"heard village_affairs": {"missing": 1}}
    await seeded.drain()
    assert await holds(seeded, "publication") == before
    assert await found(seeded, "publication") == {}
    assert life.id in {str(row[0]) for row in before["listing_entry"]}


@services
async def test_what_was_withdrawn_meanwhile_does_not_come_back(seeded: Platform, service: str) -> None:
    """Damaged, then withdrawn at the source before the repair has come through."""
    life = await Life.published(seeded)
    await seeded.drain()
    one = settler(seeded, service)
    table = one.projection.tables[0]
    await run(seeded, service, f"update {table.name} set version = 1 where {table.key} = $1", UUID(life.id))
    await withdraw(life)
    findings = await found(seeded, service)
    assert findings == ({} if service == "publication" else {one.projection.name: {"different": 1}})
    await seeded.drain()
    assert await holds(seeded, service) == {table.name: [] for table in one.projection.tables}
    assert await found(seeded, service) == {}


async def test_a_row_of_something_withdrawn_is_extra(seeded: Platform) -> None:
    first = published()
    await say(seeded, first)
    rows = await seeded.database("village_affairs").backbone.fetch("select * from listing_entry")
    await say(seeded, withdrawn(first))
    marks = ", ".join(f"${n}" for n in range(1, len(rows[0]) + 1))
    await run(seeded, "village_affairs", f"insert into listing_entry values ({marks})", *rows[0].values())
    assert await found(seeded, "village_affairs") == {"listing": {"extra": 1}}
    await seeded.drain()
    assert (await holds(seeded, "village_affairs"))["listing_entry"] == []
    assert await found(seeded, "village_affairs") == {}


async def test_parked_keys_are_told_apart(seeded: Platform) -> None:
    first = published()
    await say(seeded, first)
    await run(
        seeded,
        "village_affairs",
        "insert into parked (source, key, from_position, reason) values ('publication', $1, 1, 'poison')",
        first.key,
    )
    await say(seeded, published(2, document=first.document))
    (one,) = pick(["village_affairs"])
    findings = await reconcile(one, seeded.resources.databases)
    assert [finding.kinds for finding in findings if finding.kinds] == [{"parked": 1}]
    assert not any(finding.drift for finding in findings)


async def test_what_no_event_can_mend_is_told(seeded: Platform) -> None:
    first = published()
    await say(seeded, first)
    await run(seeded, "catalog", "update heard set version = 99 where key = $1", first.key)
    await run(seeded, "catalog", "insert into heard (topic, key, version) values ('yangguang.publication', 'x', 1)")
    assert (await found(seeded, "catalog"))["heard publication"] == {"ahead": 1, "unknown": 1}


async def test_an_automatic_run_tests_a_share_for_what_is_missing(seeded: Platform) -> None:
    for _ in range(3):
        await Life.published(seeded)
    await seeded.drain()
    await run(seeded, "catalog", "delete from covering")
    counts = [(await found(seeded, "catalog", share)).get("coverage", {}).get("missing", 0) for share in range(SHARES)]
    assert sum(counts) == 3
    await seeded.drain()
    assert await found(seeded, "catalog") == {}


async def test_drift_is_counted_and_audited(seeded: Platform) -> None:
    labels = {"service": "catalog", "projection": "coverage", "kind": "missing"}
    before = REGISTRY.get_sample_value("projection_drift_total", labels) or 0
    await Life.published(seeded)
    await seeded.drain()
    await run(seeded, "catalog", "delete from covering")
    await found(seeded, "catalog")
    assert REGISTRY.get_sample_value("projection_drift_total", labels) == before + 1
    assert REGISTRY.get_sample_value("reconcile_last_run_timestamp", {"service": "catalog"})
    rows = await seeded.database("catalog").backbone.fetch("select entry::text as entry from audit_waiting")
    told = [orjson.loads(row["entry"]) for row in rows]
    (entry,) = [one for one in told if one["action"] == "operations.reconcile"]
    assert (entry["thing"], entry["drift"], entry["repaired"]) == ("catalog coverage", {"missing": 1}, 1)


async def test_a_worker_mends_by_itself(seeded: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libs.common.reconcile.SECONDS", 0.001)
    life = await Life.published(seeded)
    await seeded.drain()
    before = await holds(seeded, "publication")
    (one,) = pick(["publication"])
    worker = asyncio.create_task(keep_reconciled(one, seeded.resources.databases))
    await run(seeded, "publication", "update listing_entry set version = 99 where id = $1", UUID(life.id))
    async with asyncio.timeout(60):
        while await holds(seeded, "publication") != before:
            pass
    worker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await worker


@pytest.mark.parametrize(
    ("heard", "due", "last", "says"),
    [
        (None, None, None, None),
        (None, None, 3, None),  # on its way for the first time
        (None, 3, 3, "missing"),
        (3, 3, 3, None),
        (3, 3, 4, None),  # the next one is on its way
        (3, 4, 4, "stale"),
        (4, 3, 4, None),  # made to read again
        (5, 4, 4, "ahead"),
        (5, None, None, "unknown"),
    ],
)
def test_versions_are_judged(heard: int | None, due: int | None, last: int | None, says: str | None) -> None:
    assert judge(heard, due, last) == says
