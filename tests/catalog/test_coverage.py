"""Coverage goes on and off with what others publish and withdraw."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from libs.common import clock
from services.catalog.workbook import read_workbook
from tests.catalog.counting import counted
from tests.catalog.news import (
    AT,
    COUNTY,
    TOWN,
    VILLAGE,
    document_published,
    document_withdrawn,
    notice_published,
    notice_withdrawn,
    say,
)
from tests.platform import Platform, item


async def coverage(platform: Platform, region: str, **params: Any) -> dict[str, tuple[bool, int]]:
    """By code of item: whether it is covered, and by how many."""
    answer = await platform.client.get(f"/catalog/coverage/{region}", params=params)
    assert answer.status_code == 200, answer.text
    return {row["code"]: (row["covered"], row["documents"]) for row in answer.json()["items"]}


async def test_a_document_covers_its_item_in_its_own_region(seeded: Platform) -> None:
    document = uuid4()
    await say(seeded, document_published(document))
    assert await coverage(seeded, COUNTY) == {
        "03001001": (True, 1),
        "08001001": (False, 0),
        "27001001": (False, 0),
    }
    # It reaches the town and the village, but they owe their own.
    assert (await coverage(seeded, TOWN))["03001001"] == (False, 0)
    assert (await coverage(seeded, VILLAGE))["03001001"] == (False, 0)
    await say(seeded, document_withdrawn(document, 2))
    assert (await coverage(seeded, COUNTY))["03001001"] == (False, 0)


async def test_a_notice_covers_its_item_in_its_village(seeded: Platform) -> None:
    notice = uuid4()
    await say(seeded, notice_published(notice))
    assert (await coverage(seeded, VILLAGE))["27001001"] == (True, 1)
    assert (await coverage(seeded, TOWN))["27001001"] == (False, 0)
    await say(seeded, notice_withdrawn(notice, 2))
    assert (await coverage(seeded, VILLAGE))["27001001"] == (False, 0)


async def test_the_newest_date_and_the_count_are_told(seeded: Platform) -> None:
    for days in (3, 9, 6):
        await say(seeded, document_published(uuid4(), at=AT + timedelta(days=days)))
    answer = await seeded.client.get(f"/catalog/coverage/{COUNTY}?field=03")
    [row] = answer.json()["items"]
    assert (row["documents"], row["field_name"], row["level2_item"]) == (3, "义务教育", "规范性文件")
    assert row["latest_published_at"] == (AT + timedelta(days=9)).isoformat()


async def test_a_later_edition_moves_to_another_item(seeded: Platform) -> None:
    document = uuid4()
    await say(seeded, document_published(document), document_published(document, 2, item="08001001"))
    assert (await coverage(seeded, COUNTY))["03001001"] == (False, 0)
    assert (await coverage(seeded, COUNTY))["08001001"] == (True, 1)


async def test_news_in_any_order_end_the_same(seeded: Platform) -> None:
    first, second = uuid4(), uuid4()
    await say(seeded, document_withdrawn(first, 2))
    await say(seeded, document_published(first, 1))
    assert (await coverage(seeded, COUNTY))["03001001"] == (False, 0)
    await say(seeded, document_published(second, 3))
    await say(seeded, document_withdrawn(second, 2))
    assert (await coverage(seeded, COUNTY))["03001001"] == (True, 1)


async def test_a_document_may_be_heard_of_before_its_item_and_region(platform: Platform) -> None:
    await say(platform, document_published(uuid4()))
    await platform.seed()
    assert (await coverage(platform, COUNTY))["03001001"] == (True, 1)


async def test_only_items_of_the_own_level_apply(seeded: Platform) -> None:
    for_towns = {**item("05", "社会救助"), "levels": ["town"]}
    await seeded.put("/catalog/items/05001001", for_towns, seeded.token("administrator"))
    assert "05001001" in await coverage(seeded, TOWN)
    assert "05001001" not in await coverage(seeded, COUNTY)
    assert "05001001" not in await coverage(seeded, VILLAGE)


async def test_gaps_and_fields_can_be_asked_for(seeded: Platform) -> None:
    await say(seeded, document_published(uuid4()))
    assert list(await coverage(seeded, COUNTY, covered="true")) == ["03001001"]
    assert list(await coverage(seeded, COUNTY, covered="false")) == ["08001001", "27001001"]
    assert list(await coverage(seeded, COUNTY, covered="false", field="03")) == []
    assert list(await coverage(seeded, COUNTY, field="27")) == ["27001001"]


async def test_gaps_are_paged(seeded: Platform) -> None:
    await say(seeded, document_published(uuid4(), item="08001001"))
    first = (await seeded.client.get(f"/catalog/coverage/{COUNTY}?covered=false&limit=1")).json()
    assert [row["code"] for row in first["items"]] == ["03001001"]
    assert list(await coverage(seeded, COUNTY, covered="false", limit=1, cursor=first["next"])) == ["27001001"]
    elsewhere = await seeded.client.get(f"/catalog/coverage/{TOWN}", params={"cursor": first["next"]})
    assert elsewhere.json()["code"] == "bad_cursor"


async def applies(platform: Platform, region: str, item: str, reason: str | None, **headers: str) -> httpx.Response:
    """Say, as the county's administrator, whether an item concerns a region."""
    path = f"/catalog/coverage/{region}/items/{item}"
    who = platform.token("administrator") | headers
    return await platform.client.put(path, json={"not_applicable": reason}, headers=who)


async def states(platform: Platform, region: str, **params: str) -> dict[str, str]:
    """The state of each item that a region owes."""
    answer = await platform.client.get(f"/catalog/coverage/{region}", params=params)
    return {row["code"]: row["state"] for row in answer.json()["items"]}


async def test_what_does_not_concern_a_region_is_no_gap(seeded: Platform) -> None:
    answer = await applies(seeded, TOWN, "03001001", "本镇没有学校。")
    assert (answer.status_code, answer.headers["etag"]) == (201, '"v1"')
    assert (await states(seeded, TOWN))["03001001"] == "not_applicable"
    assert (await states(seeded, COUNTY))["03001001"] == "missing"
    assert "03001001" not in await states(seeded, TOWN, state="missing")
    row = (await seeded.client.get(f"/catalog/coverage/{TOWN}", params={"field": "03"})).json()["items"][0]
    assert (row["not_applicable"], row["applicability_version"]) == ("本镇没有学校。", 1)
    assert (await applies(seeded, TOWN, "03001001", None)).status_code == 428
    assert (await applies(seeded, TOWN, "03001001", None, **{"If-Match": '"v1"'})).json()["version"] == 2
    assert (await states(seeded, TOWN))["03001001"] == "missing"


async def test_what_is_published_all_the_same_counts(seeded: Platform) -> None:
    await applies(seeded, COUNTY, "03001001", "本县没有此类事项。")
    await say(seeded, document_published(uuid4()))
    assert (await states(seeded, COUNTY))["03001001"] == "covered"


async def test_only_what_is_there_can_be_said_not_to_apply(seeded: Platform) -> None:
    for region, code in ((TOWN, "99001001"), ("990001109000", "03001001")):
        answer = await applies(seeded, region, code, "没有。")
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_reference")


async def test_coverage_is_summed_by_field(seeded: Platform) -> None:
    await say(seeded, document_published(uuid4()))
    await applies(seeded, COUNTY, "27001001", "本县没有村。")
    await counted(seeded)
    fields = (await seeded.client.get(f"/catalog/coverage/{COUNTY}/fields")).json()["items"]
    counts = {f["field"]: (f["items"], f["covered"], f["missing"], f["not_applicable"]) for f in fields}
    assert counts == {"03": (1, 1, 0, 0), "08": (1, 0, 1, 0), "27": (1, 0, 0, 1)}
    assert (await seeded.client.get("/catalog/coverage/990009000000/fields")).status_code == 404


async def test_coverage_is_exported_as_a_table(seeded: Platform) -> None:
    await say(seeded, document_published(uuid4()))
    await applies(seeded, COUNTY, "27001001", "=本县没有村。")
    answer = await seeded.client.get(f"/catalog/coverage/{COUNTY}/exports/csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="coverage-{COUNTY}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["编码"], row["公开情况"], row["网上公开(件)"]) for row in rows] == [
        ("03001001", "已公开", "1"),
        ("08001001", "未公开", "0"),
        ("27001001", "不涉及", "0"),
    ]
    assert rows[0]["最近网上公开"] == clock.local_date(AT).isoformat()
    assert rows[2]["不涉及的说明"] == "'=本县没有村。"
    gaps = await seeded.client.get(f"/catalog/coverage/{COUNTY}/exports/xlsx", params={"state": "missing"})
    [sheet] = read_workbook(gaps.content)
    assert sheet.rows[0][0] == "阳光县基层政务公开事项公开情况"
    assert [row[0] for row in sheet.rows[1:]] == ["编码", "08001001"]
    assert (await seeded.client.get("/catalog/coverage/990009000000/exports/csv")).status_code == 404
    assert (await seeded.client.get(f"/catalog/coverage/{COUNTY}/exports/pdf")).status_code == 422
