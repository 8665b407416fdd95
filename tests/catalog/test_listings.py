"""What everybody may read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asyncpg.connection import LoggedQuery
from pydantic import BaseModel

from services.catalog.routes.coverage import CoveragePage
from services.catalog.routes.items import Fields, ItemPage
from services.catalog.routes.organisations import OrganisationPage
from services.catalog.routes.regions import RegionPage
from tests.catalog.news import COUNTY, TOWN
from tests.platform import Platform, item


async def read(platform: Platform, path: str, **params: Any) -> Any:
    """GET and insist on success."""
    answer = await platform.client.get(f"/catalog/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def codes(page: Any) -> list[str]:
    """The codes on a page."""
    return [entry["code"] for entry in page["items"]]


async def add_items(platform: Platform, count: int) -> None:
    """`count` more items of field 04."""
    for serial in range(count):
        await platform.put(f"/catalog/items/04001{serial:03}", item("04", "户籍管理"), platform.token("administrator"))


@asynccontextmanager
async def statements(platform: Platform) -> AsyncIterator[list[str]]:
    """What the read-only pool of catalog is asked meanwhile. Requests in a row all use its last connection."""
    asked: list[str] = []

    def note(query: LoggedQuery) -> None:
        asked.append(query.query)

    pool = platform.database("catalog").reads
    async with pool.acquire() as connection:
        connection.add_query_logger(note)
    yield asked
    await asyncio.sleep(0)  # the driver hands its log to the loop
    async with pool.acquire() as connection:
        connection.remove_query_logger(note)


async def test_answers_are_as_documented(seeded: Platform) -> None:
    documented: dict[str, type[BaseModel]] = {
        "regions": RegionPage,
        "organisations": OrganisationPage,
        "items": ItemPage,
        "fields": Fields,
        f"coverage/{COUNTY}": CoveragePage,
    }
    for path, model in documented.items():
        page = await read(seeded, path)
        assert page["items"]
        assert page["next"] is None
        model.model_validate(page, extra="forbid")


FILTERED: list[tuple[str, dict[str, str], list[str]]] = [
    ("regions", {"parent": "990001"}, ["990001101000", "990001102000"]),
    ("regions", {"parent": "990001101"}, ["990001101201", "990001101202"]),
    ("regions", {"parent": "990009"}, []),
    ("organisations", {"region": "990001101"}, ["990001101-zf"]),
    ("organisations", {"parent": "990001-zf"}, ["990001101-zf", "990001-jy"]),
    ("items", {"field": "03"}, ["03001001"]),
    ("items", {"level": "village"}, ["03001001", "08001001", "27001001"]),
    ("items", {"field": "03", "level": "town"}, ["03001001"]),
    ("items", {"field": "99"}, []),
]


async def test_filters(seeded: Platform) -> None:
    for path, params, expected in FILTERED:
        # The order of hyphens and digits is the database's own.
        assert sorted(codes(await read(seeded, path, **params))) == sorted(expected), (path, params)


async def test_fields_count_their_items(seeded: Platform) -> None:
    await add_items(seeded, 2)
    assert (await read(seeded, "fields"))["items"] == [
        {"code": "03", "name": "义务教育", "items": 1},
        {"code": "04", "name": "户籍管理", "items": 2},
        {"code": "08", "name": "财政预决算", "items": 1},
        {"code": "27", "name": "村(居)务公开", "items": 1},
    ]


async def test_pages_follow_one_another(seeded: Platform) -> None:
    await add_items(seeded, 4)
    seen: list[str] = []
    url: str | None = "/catalog/items?limit=3&level=county"
    while url is not None:
        answer = await seeded.client.get(url)
        seen += codes(answer.json())
        link = answer.links.get("next")
        assert (link is None) == (answer.json()["next"] is None)
        url = link["url"] if link else None
    assert seen == ["03001001", *(f"04001{n:03}" for n in range(4)), "08001001", "27001001"]


async def test_a_cursor_serves_its_own_listing_only(seeded: Platform) -> None:
    cursor = (await read(seeded, "items", limit=1))["next"]
    for path, params in (
        ("items", {"cursor": cursor, "field": "03"}),
        ("regions", {"cursor": cursor}),
        ("items", {"cursor": f"{cursor}x"}),
    ):
        answer = await seeded.client.get(f"/catalog/{path}", params=params)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


async def test_unknown_or_wrong_filters_are_refused(seeded: Platform) -> None:
    long = "cursor=" + "x" * 600
    for query in ("limit=0", "limit=101", "level=city", "fieeld=03", "field=a.b", long):
        answer = await seeded.client.get(f"/catalog/items?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
        assert answer.json()["errors"][0]["field"] == f"query.{query.split('=')[0]}"


async def test_answers_are_cacheable(seeded: Platform) -> None:
    for path in ("items", "items/03001001", "fields", "regions", "organisations", f"coverage/{TOWN}"):
        answer = await seeded.client.get(f"/catalog/{path}")
        assert answer.headers["cache-control"].startswith("public")
        known = {"If-None-Match": answer.headers["etag"]}
        assert (await seeded.client.get(f"/catalog/{path}", headers=known)).status_code == 304


async def test_what_is_not_there_is_not_found(seeded: Platform) -> None:
    for path in ("items/99999999", "coverage/990009000000", "coverage/990001103"):
        answer = await seeded.client.get(f"/catalog/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_long_page_costs_as_many_statements_as_a_short_one(seeded: Platform) -> None:
    await add_items(seeded, 30)
    for path, params, most in (
        ("items", {"limit": 2}, 1),
        ("items", {"limit": 30}, 1),
        (f"coverage/{COUNTY}", {"limit": 2}, 2),
        (f"coverage/{COUNTY}", {"limit": 30}, 2),
        ("fields", {}, 1),
    ):
        async with statements(seeded) as asked:
            assert (await read(seeded, path, **params))["items"]
        assert len(asked) == most, (path, params)


async def test_items_are_found_by_words_body_and_audience(seeded: Platform) -> None:
    aid = {
        **item("05", "社会救助"),
        "level2_item": "临时救助",
        "responsible_body": "县级民政部门",
        "audience": "specific",
        "audience_group": "申请人",
    }
    await seeded.put("/catalog/items/05001001", aid, seeded.token("administrator"))
    for params in ({"q": "临时救助"}, {"q": "05001 民政"}, {"body": "民政部门"}, {"audience": "specific"}):
        found = await read(seeded, "items", **params)
        assert [card["code"] for card in found["items"]] == ["05001001"], params
    for none in ("社会救助 规范", "%", "_", "\\", "临时%"):
        assert (await read(seeded, "items", q=none))["items"] == [], none
