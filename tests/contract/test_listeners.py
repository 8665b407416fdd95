"""Every listener: what comes twice has its effect once, what comes late has none, and every example is accepted.

Each case is about a thing of its own, so that all cases of a service share one set of databases.
"""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from libs.common.asyncapi import examples_in
from libs.common.events import DocumentPrepared, Event
from libs.common.replay import re_say
from libs.common.service import Service
from services.registry import ALL
from tests.contract.ledger import deliver, own, own_tables, say, timeless
from tests.platform import Platform

EXAMPLES = examples_in(Path(__file__).parent / "events")
OLD, NEW = 101, 102

ONLY_FIRST = {DocumentPrepared}
"""What is said of a thing before anything else or not at all."""

_serial = count(100)
_FRESH: dict[str, Callable[[], str]] = {
    "catalog.region": lambda: f"990001101{next(_serial)}",
    "catalog.organisation": lambda: f"990001-{next(_serial)}",
    "catalog.item": lambda: f"08002{next(_serial)}",
    "catalog.template": lambda: f"08002{next(_serial)}/template",
}
"""How an id of a thing is made; elsewhere it is a UUID."""

State = tuple[list[tuple[str, str]], list[tuple[str, str]]]
each_service = pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)


def thing(kind: type[Event]) -> str:
    """What kind of thing an event is about; the events of one thing share its key."""
    return ".".join(kind.kind.split(".")[:2])


def fresh(kind: type[Event]) -> str:
    """An id for another thing of the kind."""
    return _FRESH.get(thing(kind), lambda: str(uuid4()))()


def newer(kind: type[Event], key: str) -> Event:
    """The stored example as the newest version of the thing `key`."""
    return _of(kind, key, {**EXAMPLES[kind.kind], "version": NEW})


def older(kind: type[Event], key: str) -> Event:
    """An earlier version of it: its own texts are other ones, its lists are shorter, its reach is smaller."""
    said = EXAMPLES[kind.kind]
    texts = {name: f"旧{said[name]}" for name in ("title", "name", "summary", "reason", "period") if said.get(name)}
    lists: dict[str, Any] = {
        name: said[name][:1] for name in ("keywords", "content_elements", "replies", "fields") if name in said
    }
    reach = {"reach": {"towns": [], "villages": ["990001101202"]}} if "reach" in said else {}
    return _of(kind, key, {**said, **texts, **lists, **reach, "version": OLD, "at": "2026-01-05T01:00:00Z"})


def emptied(kind: type[Event], key: str) -> Event:
    """The newest version with as little as it may say: empty lists, no reach, nothing where nothing is allowed."""
    said = EXAMPLES[kind.kind]
    least: dict[str, Any] = {
        n: [] for n in ("keywords", "replies", "content_elements", "villages", "fields") if n in said
    }
    least |= {n: {} for n in ("reach", "sections") if n in said}
    least |= {n: None for n, f in kind.model_fields.items() if type(None) in getattr(f.annotation, "__args__", ())}
    return _of(kind, key, {**said, **least, "version": NEW})


def _of(kind: type[Event], key: str, said: dict[str, Any]) -> Event:
    own_key = kind.model_validate(EXAMPLES[kind.kind]).key
    return kind.model_validate_json(orjson.dumps(said).decode().replace(own_key, key))


async def state(platform: Platform, service: Service) -> State:
    """The service's own tables and what it has said, without times."""
    events = await platform.events(service.name)
    words = [(kind, timeless(orjson.dumps(payload).decode())) for kind, payload in events]
    return await own(platform, service), words


def about(found: State, key: str) -> tuple[list[tuple[str, str]], set[str]]:
    """The rows about one thing, without its id, and the kinds of what was said of it."""
    tables, words = found
    rows = sorted((table, content.replace(key, "?")) for table, content in tables if key in content)
    return rows, {kind for kind, payload in words if key in payload}


@each_service
async def test_every_stored_example_is_accepted(platform: Platform, service: Service) -> None:
    kinds = sorted(service.listeners, key=lambda kind: str(EXAMPLES[kind.kind]["at"]))
    assert set(kinds) <= set(Event.known.values())
    await say(platform, *(kind.model_validate(EXAMPLES[kind.kind]) for kind in kinds))
    await deliver(platform, service)
    backbone = platform.database(service.name).backbone
    assert await backbone.fetchval("select count(*) from inbox") == len(kinds)


@each_service
async def test_what_a_service_does_not_hear_changes_nothing_in_it(platform: Platform, service: Service) -> None:
    others = [kind for kind in Event.known.values() if kind not in service.listeners]
    await say(platform, *(newer(kind, fresh(kind)) for kind in others if kind.service() != service.name))
    await deliver(platform, service)
    assert await state(platform, service) == ([], [])


@each_service
async def test_twice_is_once(platform: Platform, subtests: pytest.Subtests, service: Service) -> None:
    for kind in service.listeners:
        with subtests.test(kind.__name__):
            event = newer(kind, fresh(kind))
            await say(platform, event)
            await deliver(platform, service)
            once = await state(platform, service)
            # The same event again, as after an offset that was lost.
            backbone = platform.database(service.name).backbone
            await backbone.execute("update consumer_offset set position = 0, event_id = null")
            await deliver(platform, service)
            assert await state(platform, service) == once
            # The same state under a new event id, as from a replay.
            await say(platform, event)
            await deliver(platform, service)
            assert await state(platform, service) == once


@each_service
async def test_a_replay_repairs_what_is_damaged_and_doubles_nothing(
    platform: Platform, subtests: pytest.Subtests, service: Service
) -> None:
    """At the version that is known: nothing changes and nothing is said; rows that somebody deleted are back."""
    for kind in service.listeners:
        with subtests.test(kind.__name__):
            key = fresh(kind)
            await say(platform, newer(kind, key))
            await deliver(platform, service)
            before = await state(platform, service)
            for damage in (False, True):
                if damage:
                    await delete(platform, service, key)
                await re_say(platform.database(kind.service()), service.name, [key])
                await deliver(platform, service)
                assert await state(platform, service) == before


async def delete(platform: Platform, service: Service, key: str) -> None:
    """Damage the service's own tables: no row is about the thing any more."""
    async with platform.database(service.name).backbone.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")  # in any order of the tables
        for table in own_tables(service):
            await connection.execute(f'delete from "{table}" t where strpos(row_to_json(t)::text, $1) > 0', key)


@each_service
async def test_late_news_changes_nothing(platform: Platform, subtests: pytest.Subtests, service: Service) -> None:
    """Also when it is news of another kind about the same thing: published behind withdrawn."""
    for new in service.listeners:
        for old in service.listeners:
            if thing(new) == thing(old):
                with subtests.test(f"{old.__name__} behind {new.__name__}"):
                    key = fresh(new)
                    await say(platform, newer(new, key))
                    await deliver(platform, service)
                    before = await state(platform, service)
                    await say(platform, older(old, key))
                    await deliver(platform, service)
                    assert await state(platform, service) == before


@each_service
async def test_two_versions_come_to_the_same_in_any_order(
    platform: Platform, subtests: pytest.Subtests, service: Service
) -> None:
    """In order, the wrong way round, the newer one alone, and in two batches: the rest of the row is the same."""
    for kind in service.listeners:
        with subtests.test(kind.__name__):
            ordered, turned, alone, apart = (fresh(kind) for _ in range(4))
            await say(platform, older(kind, ordered), newer(kind, ordered), newer(kind, turned))
            await say(platform, older(kind, turned), newer(kind, alone), older(kind, apart))
            await deliver(platform, service)
            await say(platform, newer(kind, apart))
            await deliver(platform, service)
            found = await state(platform, service)
            for key in (turned, alone, apart):
                assert about(found, key) == about(found, ordered)


@each_service
async def test_what_a_newer_version_no_longer_says_is_gone(
    platform: Platform, subtests: pytest.Subtests, service: Service
) -> None:
    for kind in service.listeners:
        with subtests.test(kind.__name__):
            after_more, alone = fresh(kind), fresh(kind)
            await say(platform, older(kind, after_more), emptied(kind, after_more), emptied(kind, alone))
            await deliver(platform, service)
            found = await state(platform, service)
            assert about(found, after_more)[0] == about(found, alone)[0]


@each_service
async def test_the_last_news_decides_whatever_came_before(
    platform: Platform, subtests: pytest.Subtests, service: Service
) -> None:
    """A thing that ends as withdrawn, or as published again, is said so whether or not its past was heard."""
    for new in service.listeners:
        for old in service.listeners:
            if thing(new) == thing(old) and new is not old and new not in ONLY_FIRST:
                with subtests.test(f"{old.__name__}, {new.__name__}"):
                    whole, alone = fresh(new), fresh(new)
                    await say(platform, older(old, whole), newer(new, whole), newer(new, alone))
                    await deliver(platform, service)
                    found = await state(platform, service)
                    assert _shown(found, whole) == _shown(found, alone)


def _shown(found: State, key: str) -> dict[str, int]:
    """How many rows of each table are about the thing and do not say themselves that they count no more."""
    shown: dict[str, int] = {}
    for table, content in about(found, key)[0]:
        row = orjson.loads(content)
        if row.get("live", True) and row.get("state") not in ("withdrawn", "closed"):
            shown[table] = shown.get(table, 0) + 1
    return shown
