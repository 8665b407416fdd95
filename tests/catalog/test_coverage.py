"""Coverage goes on and off with what others publish and withdraw."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

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
