"""Replay: the present state is said again for one service, which applies it at the version that it knows."""

import asyncio
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import Database
from libs.common.events import Event, NoticePublished
from libs.common.outbox import emit
from libs.common.replay import re_say
from tests.common.hearing import Ear, published, say, sequence_all, withdrawn
from tests.platform import Platform


async def told(platform: Platform, source: Database, ears: tuple[Ear, Ear], *events: Event) -> None:
    """Both groups hear these events, one after the other."""
    await say(source, *events)
    await sequence_all(source)
    for ear in ears:
        await ear.hear(platform.bus)


async def versions(ear: Ear, key: UUID) -> list[int]:
    """The versions of a key that the group applied, in order."""
    return [version for k, version, _ in await ear.effects() if k == str(key)]


async def test_the_group_named_hears_it_again_and_no_other(
    platform: Platform, source: Database, ears: tuple[Ear, Ear]
) -> None:
    key = uuid4()
    await told(platform, source, ears, published(key, 1), published(key, 2))
    assert await re_say(source, "ear", [str(key)]) == 1
    await told(platform, source, ears)
    assert await versions(ears[0], key) == [1, 2, 2]
    assert await versions(ears[1], key) == [1, 2]
    assert [await ear.offset() for ear in ears] == [3, 3]


async def test_it_is_the_same_event_under_a_new_id(platform: Platform, source: Database, ears: tuple[Ear, Ear]) -> None:
    key = uuid4()
    await told(platform, source, ears, published(key))
    await re_say(source, "ear", [str(key)])
    await re_say(source, "other-ear", [str(key)])
    rows = await source.backbone.fetch(
        "select event_id::text, headers, topic, part, key, version, type, payload from journal order by position"
    )
    first, *again = [(row["event_id"], orjson.loads(row["headers"]), tuple(row)[2:]) for row in rows]
    assert [said[2] for said in again] == [first[2]] * 2
    for (event_id, headers, _), group in zip(again, ("ear", "other-ear"), strict=True):
        assert headers == {**first[1], "ce_id": event_id, "ce_replayedto": group}
    assert len({event_id for event_id, _, _ in (first, *again)}) == 3
    assert await source.backbone.fetchval("select position from thing") == 3


async def test_a_newer_version_that_waits_is_heard_first_and_not_undone(
    platform: Platform, source: Database, ears: tuple[Ear, Ear]
) -> None:
    key = uuid4()
    await told(platform, source, ears, published(key, 1))
    await say(source, withdrawn(key, 2))
    await re_say(source, "ear", [str(key)])
    await told(platform, source, ears)
    assert await versions(ears[0], key) == [1, 2]
    assert await source.backbone.fetchval("select array[version, position] from thing") == [2, 2]


async def test_a_group_that_missed_it_takes_it_as_news_whoever_it_is_for(
    platform: Platform, source: Database, ears: tuple[Ear, Ear]
) -> None:
    key = uuid4()
    await told(platform, source, ears, published(key))
    await ears[1].database.backbone.execute("delete from heard")
    await re_say(source, "ear", [str(key)])
    await told(platform, source, ears)
    assert await versions(ears[1], key) == [1, 1]


async def test_many_are_said_in_batches_and_twice_does_no_harm(
    platform: Platform, source: Database, ears: tuple[Ear, Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libs.common.replay.BATCH", 3)
    keys = [uuid4() for _ in range(7)]
    await told(platform, source, ears, *map(published, keys))
    names = [str(key) for key in keys]
    assert await re_say(source, "ear", [*names, names[0], str(uuid4())]) == 8
    assert await re_say(source, "ear", names) == 7
    assert await source.backbone.fetchval("select count(*) from outbox") == 0
    await told(platform, source, ears)
    assert sorted(set(await ears[0].effects())) == sorted((name, 1, "公告") for name in names)
    positions = await source.backbone.fetch("select position from journal order by position")
    assert [row["position"] for row in positions] == list(range(1, len(positions) + 1))


async def test_two_replays_at_once_reach_both_groups(
    platform: Platform, source: Database, ears: tuple[Ear, Ear]
) -> None:
    keys = [uuid4() for _ in range(20)]
    await told(platform, source, ears, *map(published, keys))
    names = [str(key) for key in keys]
    said = await asyncio.gather(*(re_say(source, ear.service.name, names) for ear in ears))
    assert said == [20, 20]
    await told(platform, source, ears)
    for ear in ears:
        assert [await versions(ear, key) for key in keys] == [[1, 1]] * 20


async def test_the_newest_of_the_kinds_that_are_asked_for(
    platform: Platform, source: Database, ears: tuple[Ear, Ear]
) -> None:
    key = uuid4()
    await told(platform, source, ears, published(key, 1), published(key, 2), withdrawn(key, 3))
    assert await re_say(source, "ear", [str(key)], {NoticePublished.kind}) == 1
    assert await source.backbone.fetchval("select version from journal order by position desc limit 1") == 2
    await told(platform, source, ears)
    assert await versions(ears[0], key) == [1, 2, 3]


async def test_of_what_was_never_said_nothing_is_said(source: Database) -> None:
    assert await re_say(source, "ear", [str(uuid4())]) == 0
    assert await re_say(source, "ear", []) == 0
    assert await source.backbone.fetchval("select count(*) from journal") == 0


async def test_what_a_listener_said_of_a_known_version_it_does_not_say_twice(
    platform: Platform, source: Database, ears: tuple[Ear, Ear]
) -> None:
    ear, key, answered = ears[0], uuid4(), uuid4()
    answers = iter([1, 1, 1, 2])

    async def answer(session: AsyncSession, _event: Event) -> None:
        await emit(session, published(answered, next(answers)))

    async def replay() -> list[int]:
        await re_say(source, "ear", [str(key)])
        await ear.hear(platform.bus)
        rows = await ear.database.backbone.fetch(
            "select version from journal union all select version from outbox order by version"
        )
        return [row["version"] for row in rows]

    ear.after = answer
    await told(platform, source, ears, published(key))
    assert await replay() == [1]  # while the first answer waits in the outbox
    await sequence_all(ear.database)
    assert await replay() == [1]
    assert await replay() == [1, 2]  # what is news is said
    assert await ear.parked() == {}
