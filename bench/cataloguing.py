"""What a county asks of its catalog: what is missing, what is due, where is an item; how long a full count takes."""

import itertools
import time
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import asyncpg

from bench.client import Load, get, hammer
from bench.county import COUNTY
from bench.rig import Figure, Rig
from libs.common.db import Database
from libs.common.ports import free_port
from services.catalog.chores import tally_once
from services.catalog.queries import tallies
from services.catalog.rules.wordings import read

ITEMS, BODIES, TOWNS, VILLAGES, DOCUMENTS = 3_000, 60, 14, 209, 100_000
ASKED = 600
ANSWER_MS, SEARCH_MS, COUNT_SECONDS = 30, 20, 10
WORDINGS = (
    "信息形成或者变更之日起20个工作日内",
    "每季度的首个月20日",
    "每月公开一次",
    "每年1月31日前",
    "作出决定之日起7个工作日内",
)


async def catalog(rig: Rig) -> list[Figure]:
    """Answers on a county with towns, villages, bodies and 100,000 documents; a count of all regions."""
    async with rig.connect("catalog") as connection:
        await _fill(connection)
    database = await Database.open("catalog", rig.dsn("catalog"))
    try:
        counted = await _count_all(database)
        again = await _count_all(database)
    finally:
        await database.close()
    port = free_port()
    async with rig.process(port, "/readyz", "-m", "services", "api", "catalog"):
        asked = {
            "sums of a county and all below, by region": [f"/catalog/tallies/{COUNTY}?by=region"],
            "the same by field": [f"/catalog/tallies/{COUNTY}?by=field"],
            "the same by body": [f"/catalog/tallies/{COUNTY}?by=organisation"],
            "timeliness by month": [f"/catalog/timeliness/{COUNTY}?by=month"],
            "coverage of the county, by field": [f"/catalog/coverage/{COUNTY}/fields"],
            "what is missing of a region": [
                f"/catalog/coverage/9900011{n:02}000?state=missing" for n in range(1, TOWNS + 1)
            ],
        }
        figures = [await _asked(port, name, paths, ANSWER_MS) for name, paths in asked.items()]
        searches = [f"/catalog/items?q={quote(f'事项{n}')}" for n in range(0, ITEMS, 7)]
        figures.append(await _asked(port, "item search", searches, SEARCH_MS))
    slowest = max(counted, again)
    measured = f"{counted:.1f} s; again {again:.1f} s"
    name = f"two years' duties and coverage of {1 + TOWNS + VILLAGES} regions, counted"
    return [*figures, Figure(name, f"≤ {COUNT_SECONDS} s", measured, slowest <= COUNT_SECONDS)]


async def _asked(port: int, name: str, paths: list[str], most: int) -> Figure:
    def requests() -> Iterator[bytes]:
        return iter([get(path) for path in itertools.islice(itertools.cycle(paths), ASKED)])

    await hammer(port, requests(), 1)
    load: Load = await hammer(port, requests(), 2)
    assert set(load.statuses) == {200}, load.statuses
    p99 = load.quantile(0.99) * 1000
    return Figure(f"{name}, p99", f"≤ {most} ms", f"{p99:.1f} ms", p99 <= most)


async def _count_all(database: Database) -> float:
    began = time.perf_counter()
    await database.backbone.execute(tallies.MARK_ALL, "0", "9" * 12)
    while await tally_once(database):
        pass
    assert await database.backbone.fetchval("select count(*) from tallied") == 1 + TOWNS + VILLAGES
    return time.perf_counter() - began


async def _fill(connection: asyncpg.Connection) -> None:
    towns = [f"9900011{n:02}000" for n in range(1, TOWNS + 1)]
    villages = [f"{towns[n % TOWNS][:9]}{201 + n // TOWNS}" for n in range(VILLAGES)]
    places = [(COUNTY, "阳光县", "county", None, 1), *((code, f"镇{code}", "town", COUNTY, 1) for code in towns)]
    places += [(code, f"村{code}", "village", f"{code[:9]}000", 1) for code in villages]
    await _copy(connection, "region", "code, name, level, parent, version", places)
    bodies = [f"b{n:02}" for n in range(BODIES)]
    records = [(code, f"阳光县{code}局", f"{code}局", "11990001MB0Y003A20", COUNTY, [code], 1) for code in bodies]
    await _copy(connection, "organisation", "code, name, short_name, uscc, region, path, version", records)
    await _copy(connection, "field", "code, name", [(f"{n:02}", f"领域{n}") for n in range(1, 27)])
    columns = "code, field, level2_item, time_limit, levels, time_limits, level1_item, content_elements, legal_basis,"
    columns += " responsible_body, channels, audience, disclosure_method, optional_elements, channel_rule,"
    columns += " optional_channels, stages, version"
    same = (
        "一级事项",
        ["文件名称", "文号", "正文"],
        ["《中华人民共和国政府信息公开条例》"],
        "县级主管部门",
        ["政府网站"],
    )
    rest: tuple[object, ...] = (*same, "all", "proactive", [], "any", [], [], 1)
    await _copy(connection, "item", columns, [(*_item(number), *rest) for number in range(ITEMS)])
    terms = [(COUNTY, _code(number), [bodies[number % BODIES]], 1) for number in range(ITEMS)]
    await _copy(connection, "local_terms", "region, item, organisations, version", terms)
    await connection.execute(
        """
        insert into covering (document, item, region, version, live, title, published_at, bodies)
        select gen_random_uuid(), lpad((n % 26 + 1)::text, 2, '0') || lpad((n * 7 % $2::int / 26)::text, 6, '0'),
          case when n % 10 < 7 then $1::text when n % 10 < 9 then ($3::text[])[n % 14 + 1]
            else ($4::text[])[n % 209 + 1] end, 1, true,
          '关于做好第' || n || '批工作的通知', now() - (n % 1000) * interval '1 day',
          case when n % 10 < 7 then array['b' || lpad((n % 60)::text, 2, '0')] else '{}'::text[] end
        from generate_series(1, $5::int) n
        """,
        COUNTY,
        ITEMS,
        towns,
        villages,
        DOCUMENTS,
    )
    await connection.execute("vacuum analyze")


async def _copy(connection: asyncpg.Connection, table: str, columns: str, records: Sequence[Sequence[object]]) -> None:
    await connection.copy_records_to_table(table, records=records, columns=columns.replace(" ", "").split(","))


def _code(number: int) -> str:
    return f"{number % 26 + 1:02}{number // 26:06}"


def _item(number: int) -> tuple[str, str, str, str, list[str], str]:
    code, wording = _code(number), WORDINGS[number % len(WORDINGS)]
    # Three levels of the catalog overlap: about a third of the items is for towns, a tenth for villages.
    levels = ["county"] + ["town"] * (number % 3 == 0) + ["village"] * (number % 10 == 0)
    return code, code[:2], f"事项{number}", wording, levels, read(wording).model_dump_json()
