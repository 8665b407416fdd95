"""The confidence (置信度) of an item: kept, listed, asked for, and taken from the sources of before."""

import asyncio
from uuid import uuid4

import asyncpg
from alembic import command

from libs.common.embedded import EmbeddedPostgres
from libs.common.migrate import config, create_database, upgrade
from services.catalog.service import SERVICE
from tests.platform import Platform, item


async def test_items_are_asked_for_by_their_confidence(seeded: Platform) -> None:
    for code, confidence in (("04001001", "sourced"), ("04001002", "low"), ("04001003", "low"), ("04001004", None)):
        said = {**item("04", "户籍管理"), "confidence": confidence}
        answer = await seeded.put(f"/catalog/items/{code}", said, seeded.token("administrator"))
        assert answer.json()["confidence"] == confidence
        assert (await seeded.client.get(f"/catalog/items/{code}")).json() == answer.json()
    for query, codes in (
        ("confidence=low", ["04001002", "04001003"]),
        ("confidence=sourced&field=04", ["04001001"]),
        ("confidence=high", []),
    ):
        found = (await seeded.client.get(f"/catalog/items?{query}")).json()["items"]
        assert [one["code"] for one in found] == codes
    answer = await seeded.client.get("/catalog/items?confidence=none")
    assert answer.json()["errors"][0]["field"] == "query.confidence"
    exported = (await seeded.client.get("/catalog/exports/json?field=04")).json()["items"]
    assert [one["confidence"] for one in exported] == ["sourced", "low", "low", None]


async def test_another_confidence_is_another_version(seeded: Platform) -> None:
    headers = seeded.token("administrator") | {"If-Match": '"v1"'}
    said = {**item("03", "义务教育"), "confidence": "medium"}
    answer = await seeded.put("/catalog/items/03001001", said, headers)
    assert (answer.json()["version"], answer.json()["confidence"]) == (2, "medium")


def test_a_migration_takes_it_from_the_tag_of_the_source(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.dsn(f"confidence_{uuid4().hex}")
    asyncio.run(create_database(dsn))
    command.upgrade(config(SERVICE, dsn), "0011")
    before = {"1": "[S: https://www.example.gov.cn/a] 要素为推断", "2": "[M-high]", "3": "县级标准目录", "4": None}
    asyncio.run(_insert(dsn, before))
    upgrade(SERVICE, dsn)
    assert asyncio.run(_read(dsn)) == {
        "1": ("https://www.example.gov.cn/a 要素为推断", "sourced"),
        "2": (None, "high"),
        "3": ("县级标准目录", None),
        "4": (None, None),
    }


async def _insert(dsn: str, sources: dict[str, str | None]) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("insert into field (code, name) values ('03', '义务教育')")
    for code, source in sources.items():
        await connection.execute(
            "insert into item (code, field, level1_item, level2_item, content_elements, legal_basis, time_limit,"
            " responsible_body, channels, audience, disclosure_method, levels, optional_elements, channel_rule,"
            " optional_channels, stages, time_limits, source, version) values ($1, '03', '政策文件', '规范性文件',"
            " '{正文}', '{}', '及时公开', '县级教育部门', '{政府网站}', 'all', 'proactive', '{county}', '{}', 'any', '{}',"
            " '{}', '{}', $2, 1)",
            code,
            source,
        )
    await connection.close()


async def _read(dsn: str) -> dict[str, tuple[str | None, str | None]]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("select code, source, confidence from item")
    await connection.close()
    return {row["code"]: (row["source"], row["confidence"]) for row in rows}
