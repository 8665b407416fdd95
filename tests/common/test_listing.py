"""Listings: what a region reads equals the plain definition, at every depth, from index ranges alone.

Tested through the tables of village_affairs; publication's are made from the same mixins.
"""

import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from libs.common import regions
from libs.common.events import Reach
from libs.common.listing import Entry, Page, Scope, displace, place, read_page
from libs.common.paging import Cursors, ForgedCursor
from libs.common.read_pool import ReadPool
from tests.platform import Platform

CURSORS = Cursors(b"a secret for tests only")
NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
COUNTY, TOWN, VILLAGE = "990001000000", "990001101000", "990001101201"
TOWNS = [TOWN, "990001102000"]
VILLAGES = [VILLAGE, "990001101202", "990001102201"]
ALL_REGIONS = [COUNTY, *TOWNS, *VILLAGES]
SCOPES: list[Scope] = ["own", "reached", "below", "all"]
FILTERS: list[dict[str, str]] = [{}, {"kind": "notice"}, {"field": "03"}, {"item": "03001", "column": "news"}]


def entry(**changes: Any) -> Entry:
    """An entry of the county that reaches nobody."""
    said = {
        "id": UUID(int=random.getrandbits(128)),
        "kind": "document",
        "region": COUNTY,
        "reach": Reach(),
        "field": "03",
        "item": "03001",
        "theme": None,
        "column": None,
        "published_at": NOON,
        "version": 1,
        **changes,
    }
    return Entry(**said, card=orjson.dumps({"id": said["id"], "title": '标题 "引号"'}).decode())


def anything(chance: random.Random, **fixed: Any) -> Entry:
    """Any entry at all; few moments, so that many share one."""

    def scope(codes: list[str]) -> Any:
        return chance.choice(["all", [], chance.sample(codes, chance.randint(1, len(codes)))])

    made: dict[str, Any] = {
        "id": UUID(int=chance.getrandbits(128)),
        "region": chance.choice(ALL_REGIONS),
        "kind": chance.choice(["document", "notice"]),
        "field": chance.choice(["03", "08"]),
        "item": chance.choice(["03001", "03002"]),
        "column": chance.choice([None, "news", "rules"]),
        "published_at": NOON + timedelta(microseconds=chance.randint(0, 4)),
        **fixed,
    }
    # A reach goes down: publication lets nobody name what is not below.
    below = [code for code in ALL_REGIONS if code != made["region"] and regions.within(code, made["region"])]
    towns = scope([c for c in below if c in TOWNS]) if made["region"] == COUNTY else []
    villages = scope([c for c in below if c in VILLAGES]) if made["region"] not in VILLAGES else []
    return entry(**made, reach=Reach(towns=towns, villages=villages))


def belongs(entry: Entry, region: str, scope: Scope) -> bool:
    """The definition of the scopes, in plain words of Python."""
    own = entry.region == region
    below = regions.within(entry.region, region) and not own
    asked = {regions.Level.town: entry.reach.towns, regions.Level.village: entry.reach.villages}
    to_my_level = asked.get(regions.level(region), [])
    reached = not own and regions.within(region, entry.region) and (to_my_level == "all" or region in to_my_level)
    return {"own": own, "below": below, "reached": reached, "all": own or below or reached}[scope]


def chosen(entry: Entry, filters: dict[str, str]) -> bool:
    return all(getattr(entry, name) == value for name, value in filters.items())


async def put(platform: Platform, *entries: Entry) -> None:
    async with platform.database("village_affairs").transaction() as session:
        for one in entries:
            await place(session, one)


async def take(platform: Platform, entry_id: UUID) -> bool:
    async with platform.database("village_affairs").transaction() as session:
        return await displace(session, entry_id)


async def read(platform: Platform, region: str, scope: Scope, limit: int = 100, **filters: str) -> list[UUID]:
    """The ids of a listing, all its pages."""
    found: list[UUID] = []
    cursor = None
    while True:
        page = Page(region=region, scope=scope, filters=filters, limit=limit, cursor=cursor)
        body, cursor = await read_page(platform.database("village_affairs").reads, CURSORS, page)
        answer = orjson.loads(body)
        assert answer["next"] == cursor
        assert len(answer["items"]) == limit or cursor is None
        found += [UUID(item["id"]) for item in answer["items"]]
        if cursor is None:
            return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_listing_is_what_the_definition_says(platform: Platform, seed: int) -> None:
    chance = random.Random(seed)
    entries = {made.id: made for made in (anything(chance) for _ in range(60))}
    await put(platform, *entries.values())
    # Some are placed anew with everything changed, some leave.
    anew = [anything(chance, id=known) for known in chance.sample(sorted(entries), 20)]
    await put(platform, *anew)
    entries |= {made.id: made for made in anew}
    for gone in chance.sample(sorted(entries), 10):
        assert await take(platform, gone)
        del entries[gone]

    newest_first = sorted(entries.values(), key=lambda made: (made.published_at, made.id), reverse=True)
    for region in ALL_REGIONS:
        for scope in SCOPES:
            for filters in FILTERS:
                expected = [e.id for e in newest_first if belongs(e, region, scope) and chosen(e, filters)]
                limit = chance.choice([1, 2, 5, 100])
                assert await read(platform, region, scope, limit, **filters) == expected, (region, scope, filters)


async def test_nothing_reaches_a_county_or_lies_below_a_village(platform: Platform) -> None:
    await put(platform, entry(reach=Reach(towns="all", villages="all")))
    assert await read(platform, COUNTY, "reached") == []
    assert await read(platform, VILLAGE, "below") == []
    nothing = Page(region=COUNTY, scope="reached", filters={}, limit=20, cursor="forged")
    with pytest.raises(ForgedCursor):
        await read_page(platform.database("village_affairs").reads, CURSORS, nothing)


async def test_provinces_and_cities_have_no_listings(platform: Platform) -> None:
    await put(platform, entry(reach=Reach(towns="all", villages="all")))
    for region in ("990000000000", "990100000000"):
        for scope in SCOPES:
            assert await read(platform, region, scope) == []


async def test_naming_one_s_own_region_lists_it_once(platform: Platform) -> None:
    own = entry(region=VILLAGE, reach=Reach(towns=[TOWN], villages=[VILLAGE]))
    await put(platform, own)
    for region in (COUNTY, TOWN, VILLAGE):
        assert await read(platform, region, "all") == [own.id]
    assert await read(platform, TOWN, "reached") == []


async def test_leaving_leaves_nothing_behind(platform: Platform) -> None:
    one = entry(reach=Reach(villages=VILLAGES))
    await put(platform, one)
    assert await take(platform, one.id)
    assert not await take(platform, one.id)
    for table in ("listing_entry", "listing_named"):
        assert await platform.database("village_affairs").reads.fetchval(f"select count(*) from {table}") == 0


async def test_a_cursor_serves_its_own_listing_only(platform: Platform) -> None:
    await put(platform, entry(), entry())
    reads = platform.database("village_affairs").reads
    page = Page(region=COUNTY, scope="own", filters={"field": "03"}, limit=1, cursor=None)
    _, cursor = await read_page(reads, CURSORS, page)
    assert cursor is not None
    others: list[dict[str, Any]] = [{"region": TOWN}, {"scope": "all"}, {"filters": {}}, {"filters": {"field": "08"}}]
    for other in others:
        with pytest.raises(ForgedCursor):
            await read_page(reads, CURSORS, replace(page, cursor=cursor, **other))


class Explaining(ReadPool):
    """Stands in for the pool: instead of rows it keeps the plan of the statement that it is asked."""

    plan: dict[str, Any]

    async def fetchrow(self, query: str, *arguments: Any) -> None:
        """Explain the statement."""
        async with self.acquire() as connection:
            # The plan that a prepared statement settles on, and so the worse of the two that it may get.
            await connection.execute("set plan_cache_mode = force_generic_plan")
            explained = await connection.fetchval(f"explain (analyze, format json) {query}", *arguments)
        self.plan = orjson.loads(explained)[0]["Plan"]


@pytest.fixture
async def explaining(platform: Platform) -> AsyncIterator[Explaining]:
    pool = Explaining(partial(asyncpg.connect, platform.database("village_affairs").dsn), 1)
    yield pool
    await pool.close()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan, from the top."""
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


async def fill(platform: Platform, rows: int) -> None:
    """A large county: a third of its documents reach all, a third a few villages, a third are of villages."""
    backbone = platform.database("village_affairs").backbone
    await backbone.execute(
        """
        insert into listing_entry (id, kind, region, county, town, all_towns, all_villages, field, item, theme,
                                   column_name, published_at, version, card)
        select gen_random_uuid(), case when n % 3 = 0 then 'notice' else 'document' end,
               case when n % 3 > 0 then $2 else rpad(left($2, 6), 6) || 101 + n % 20 || 201 + n % 15 end, $2,
               case when n % 3 > 0 then null else rpad(left($2, 6), 6) || 101 + n % 20 || '000' end,
               n % 3 = 1, n % 3 = 1, lpad((n % 26)::text, 2, '0'), (n % 300)::text, null, (n % 7)::text,
               $3::timestamptz - n * interval '1 minute', 1, '{}'
        from generate_series(1, $1::int) n
        """,
        rows,
        COUNTY,
        NOON,
    )
    await backbone.execute(
        "insert into listing_named (region, published_at, id)"
        " select rpad(left($1, 6), 6) || 101 + n % 20 || 201 + n % 15, e.published_at, e.id"
        " from listing_entry e, generate_series(1, 3) n where e.region = $1 and not e.all_villages",
        COUNTY,
    )
    await backbone.execute("analyze listing_entry, listing_named")


async def test_pages_are_read_from_index_ranges_at_any_depth(platform: Platform, explaining: Explaining) -> None:
    await fill(platform, 20_000)
    pool = explaining
    limit = 20
    for region in (COUNTY, TOWN, VILLAGE, "990001102202"):
        for scope in SCOPES:
            for depth in (None, 0, 10_000):
                page = Page(region=region, scope=scope, filters={}, limit=limit, cursor=None)
                if depth is not None:
                    moment = int((NOON - timedelta(minutes=depth)).timestamp()) * 10**6
                    cursor = CURSORS.sign((moment, str(UUID(int=0))), page.cursor_scope)
                    page = replace(page, cursor=cursor)
                pool.plan = {}
                await read_page(pool, CURSORS, page)
                plan = list(nodes(pool.plan)) if pool.plan else []
                where = (region, scope, depth)
                assert not [n for n in plan if n["Node Type"] in ("Seq Scan", "Bitmap Heap Scan", "Hash Join")], where
                # The merge sorts at most four pages; a range comes in order from its index.
                sorts = [n for n in plan if n["Node Type"].endswith("Sort")]
                assert all(below["Node Type"] == "Append" for sort in sorts for below in sort["Plans"]), where
                for scan in (n for n in plan if "Index" in n["Node Type"]):
                    assert scan["Actual Rows"] * scan["Actual Loops"] <= limit + 1, where
                    assert scan.get("Rows Removed by Filter", 0) <= limit, where


async def test_filters_of_a_county_have_an_index_each(platform: Platform, explaining: Explaining) -> None:
    await fill(platform, 20_000)
    pool = explaining
    for name in ("field", "item", "column"):
        page = Page(region=COUNTY, scope="all", filters={name: "5"}, limit=20, cursor=None)
        await read_page(pool, CURSORS, page)
        (scan,) = [n for n in nodes(pool.plan) if "Scan" in n["Node Type"]]
        assert scan["Index Name"] == f"ix_listing_entry_{name}"
        assert not [n for n in nodes(pool.plan) if n["Node Type"] == "Sort"]
