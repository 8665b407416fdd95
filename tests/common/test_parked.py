"""What operators do about parked keys: drive them again, or pass over them; each once, audited, and losing nothing."""

import asyncio
from uuid import UUID, uuid4

import orjson
import pytest
from prometheus_client import REGISTRY
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import parked
from libs.common.db import Database
from libs.common.events import Event
from libs.common.parked import Outcome
from libs.common.permission import Actor
from libs.common.replay import re_say
from tests.common.hearing import SOURCE, Ear, Wire, published, say, sequence_all, withdrawn
from tests.platform import Platform

OPERATOR = Actor("operator:li", "li", frozenset(), "")


async def poison(_session: AsyncSession, _event: Event) -> None:
    """A listener that cannot take anything."""
    raise ValueError("no such thing")


async def parked_key(platform: Platform, source: Database, ear: Ear, *versions: int) -> UUID:
    """A key that the ear has parked with these versions of it. The cause is gone."""
    key = uuid4()
    ear.before = poison
    await say(source, *(published(key, version, f"v{version}") for version in versions))
    await sequence_all(source)
    await ear.hear(platform.bus)
    ear.before = None
    return key


async def audited(ear: Ear) -> list[tuple[str, str, str | None]]:
    """(actor, action, outcome or reason) of what the ear's service has audited."""
    rows = await ear.database.backbone.fetch("select entry::text from audit_waiting order by id")
    entries = [orjson.loads(row["entry"]) for row in rows]
    return [(entry["actor"], entry["action"], entry.get("outcome") or entry["reason"]) for entry in entries]


async def row(ear: Ear) -> tuple[int, str]:
    """(attempts, reason) of the one parked key."""
    found = await ear.database.backbone.fetchrow("select attempts, reason from parked")
    assert found is not None
    return tuple(found)


async def test_a_redrive_applies_the_newest_event_once(platform: Platform, source: Database, ear: Ear) -> None:
    key = await parked_key(platform, source, ear, 1, 2, 3)
    done = await parked.redrive(ear.delivery(), str(key), OPERATOR)
    assert (done.outcome, done.version) == (Outcome.APPLIED, 3)
    assert await ear.effects() == [(str(key), 3, "v3")]
    assert await ear.parked() == {}
    assert (await parked.redrive(ear.delivery(), str(key), OPERATOR)).outcome is Outcome.NOT_PARKED
    assert await audited(ear) == [("operator:li", "operations.redrive", "applied")]
    await say(source, published(key, 2), published(key, 4, "v4"))
    await sequence_all(source)
    await ear.hear(platform.bus)
    assert [title for _, _, title in await ear.effects()] == ["v3", "v4"]


async def test_what_fails_again_stays_parked_with_the_new_reason(
    platform: Platform, source: Database, ear: Ear
) -> None:
    key = await parked_key(platform, source, ear, 1)
    assert await row(ear) == (1, "ValueError: no such thing")

    async def otherwise(_session: AsyncSession, _event: Event) -> None:
        raise KeyError("another cause")

    ear.before = otherwise
    done = await parked.redrive(ear.delivery(), str(key), OPERATOR)
    assert (done.outcome, done.reason) == (Outcome.STILL_PARKED, "KeyError: 'another cause'")
    assert await row(ear) == (2, "KeyError: 'another cause'")
    assert await ear.database.backbone.fetchval("select count(*) from inbox") == 0
    ear.before = None
    assert (await parked.redrive(ear.delivery(), str(key), OPERATOR)).outcome is Outcome.APPLIED
    assert [outcome for _, _, outcome in await audited(ear)] == ["still parked", "applied"]


async def test_what_is_old_news_by_now_is_only_unparked(platform: Platform, source: Database, ear: Ear) -> None:
    key = await parked_key(platform, source, ear, 1)
    await ear.database.backbone.execute(
        "insert into heard (topic, key, version) values ('yangguang.village_affairs', $1, 2)", str(key)
    )
    assert (await parked.redrive(ear.delivery(), str(key), OPERATOR)).outcome is Outcome.STALE
    assert (await ear.effects(), await ear.parked()) == ([], {})


async def test_a_key_without_its_event_is_said_again_and_then_driven(
    platform: Platform, source: Database, ear: Ear
) -> None:
    """As an earlier release parked it."""
    key = await parked_key(platform, source, ear, 1)
    await ear.database.backbone.execute(
        "update parked set position = null, event_id = null, version = null, type = null, payload = null,"
        " headers = null, created_at = null"
    )
    assert (await parked.redrive(ear.delivery(), str(key), OPERATOR)).outcome is Outcome.NOTHING_KEPT
    assert list(await ear.parked()) == [str(key)]
    assert await re_say(source, ear.service.name, [str(key)]) == 1
    await ear.hear(platform.bus)
    assert await ear.effects() == []
    assert (await parked.redrive(ear.delivery(), str(key), OPERATOR)).outcome is Outcome.APPLIED
    assert await ear.effects() == [(str(key), 1, "v1")]


@pytest.mark.parametrize("kept", [True, False])
async def test_a_dropped_version_is_passed_over_and_the_next_one_is_heard(
    platform: Platform, source: Database, ear: Ear, kept: bool
) -> None:
    key = await parked_key(platform, source, ear, 1, 2)
    if not kept:
        await ear.database.backbone.execute("update parked set event_id = null")
    done = await parked.drop(ear.delivery(), str(key), OPERATOR, "entered twice")
    assert (done.outcome, done.version) == (Outcome.DROPPED, 2 if kept else None)
    assert await ear.parked() == {}
    heard = await ear.database.backbone.fetchrow("select version, type, at is not null from heard")
    assert (tuple(heard) if heard else None) == ((2, None, True) if kept else None)
    assert await audited(ear) == [("operator:li", "operations.drop", "entered twice")]
    assert (await parked.drop(ear.delivery(), str(key), OPERATOR, "again")).outcome is Outcome.NOT_PARKED
    await say(source, withdrawn(key, 3))
    await sequence_all(source)
    await ear.hear(platform.bus)
    assert await ear.effects() == [(str(key), 3, "撤下")]


async def test_a_dry_run_says_what_would_be_and_changes_nothing(platform: Platform, source: Database, ear: Ear) -> None:
    key = await parked_key(platform, source, ear, 1)
    before = await row(ear)
    assert (await parked.redrive(ear.delivery(), str(key), OPERATOR, dry_run=True)).outcome is Outcome.APPLIED
    assert (await parked.drop(ear.delivery(), str(key), OPERATOR, "no", dry_run=True)).outcome is Outcome.DROPPED
    ear.before = poison
    assert (await parked.redrive(ear.delivery(), str(key), OPERATOR, dry_run=True)).outcome is Outcome.STILL_PARKED
    assert (await row(ear), await ear.effects(), await audited(ear)) == (before, [], [])
    assert (
        await ear.database.backbone.fetchval("select (select count(*) from inbox) + (select count(*) from heard)") == 0
    )


async def test_an_event_that_comes_during_a_redrive_is_not_lost(platform: Platform, source: Database, ear: Ear) -> None:
    """The worker's batch waits for the lock; it must then see that the key is parked no more."""
    key = await parked_key(platform, source, ear, 1)
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_session: AsyncSession, event: Event) -> None:
        if event.version == 1:
            entered.set()
            await go_on.wait()

    ear.before = slowly
    redriving = asyncio.create_task(parked.redrive(ear.delivery(), str(key), OPERATOR))
    async with asyncio.timeout(20):
        await entered.wait()
    await say(source, published(key, 2, "v2"))
    await sequence_all(source)
    hearing = asyncio.create_task(ear.hear(platform.bus))
    async with asyncio.timeout(20):
        while not await ear.database.backbone.fetchval(
            "select exists (select from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock')"
        ):
            pass
    go_on.set()
    assert (await redriving).outcome is Outcome.APPLIED
    await hearing
    assert [title for _, _, title in await ear.effects()] == ["v1", "v2"]
    assert await ear.parked() == {}


async def test_the_producer_learns_of_a_redrive_though_no_event_comes(
    platform: Platform, source: Database, ear: Ear
) -> None:
    key = await parked_key(platform, source, ear, 1)
    delivery = ear.delivery()
    async with platform.bus.subscribe(SOURCE, ear.service.name) as subscription:
        wire = Wire(subscription)
        await delivery.report_parked(wire)
        assert await source.backbone.fetchval("select parked from journal_reader") == [str(key)]
        assert oldest(ear) > 0
        await parked.redrive(ear.delivery(), str(key), OPERATOR)
        await delivery.report_parked(wire)
        await delivery.report_parked(wire)
    assert wire.reports == [(1, [str(key)]), (1, [])]
    assert await source.backbone.fetchval("select parked from journal_reader") == []
    assert oldest(ear) == 0


def oldest(ear: Ear) -> float:
    """The metric that an alert watches."""
    labels = {"service": ear.service.name, "source": SOURCE}
    found = REGISTRY.get_sample_value("parked_oldest_age_seconds", labels)
    assert found is not None
    return found


async def test_the_running_worker_looks_by_itself(
    platform: Platform, source: Database, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libs.common.inbox.PARKED_SECONDS", 0.0)
    key = await parked_key(platform, source, ear, 1)
    worker = asyncio.create_task(ear.delivery().run(platform.bus))
    try:
        async with asyncio.timeout(30):
            for expected in ([str(key)], []):
                while await source.backbone.fetchval("select parked from journal_reader") != expected:
                    assert not worker.done()
                await parked.redrive(ear.delivery(), str(key), OPERATOR)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
