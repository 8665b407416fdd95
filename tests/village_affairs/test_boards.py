"""A village's board merges what is its own with what reaches it, newest first."""

from datetime import UTC, datetime, timedelta

import pytest

from libs.common.events import Reach
from tests.platform import Platform
from tests.village_affairs.notices import (
    EAST,
    OTHER_TOWN,
    SOUTH,
    TOWN,
    WEST,
    Json,
    Life,
    board,
    ids,
    published,
    say,
    withdrawn,
)

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)


async def test_who_reads_what(seeded: Platform) -> None:
    county = published(published_at=NOON)
    town = published(published_at=NOON - timedelta(hours=1), region=TOWN)
    named = published(published_at=NOON - timedelta(hours=2), reach=Reach(villages=[WEST, SOUTH]))
    named_by_town = published(published_at=NOON - timedelta(hours=3), region=TOWN, reach=Reach(villages=[EAST]))
    own = published(published_at=NOON - timedelta(hours=4), region=WEST, reach=Reach())
    towns_only = published(published_at=NOON - timedelta(hours=5), reach=Reach(towns="all"))
    county_only = published(published_at=NOON - timedelta(hours=6), reach=Reach())
    await say(seeded, county, town, named, named_by_town, own, towns_only, county_only)
    notice = await Life.in_state(seeded, "live", EAST)

    assert await ids(seeded, EAST) == [notice.id, *[str(e.document) for e in (county, town, named_by_town)]]
    assert await ids(seeded, WEST) == [str(e.document) for e in (county, town, named, own)]
    assert await ids(seeded, SOUTH) == [str(e.document) for e in (county, named)]


async def test_a_document_of_the_village_that_names_it_stands_there_once(seeded: Platform) -> None:
    event = published(region=EAST, reach=Reach(villages=[EAST]))
    await say(seeded, event)
    assert await ids(seeded, EAST) == [str(event.document)]


async def test_the_cards(seeded: Platform) -> None:
    notice = await Life.in_state(seeded, "live")
    event = published()
    await say(seeded, event)
    first, second = await board(seeded, EAST)
    published_at = first.pop("published_at")
    assert first == {
        "kind": "notice",
        "id": notice.id,
        "title": "东庄村2026年第三季度集体财务收支公开",
        "region": EAST,
        "region_name": "东庄村",
        "category": "finance",
        "field": "27",
        "summary": "本季度收入合计21,500.00元,支出合计29,270.80元。",
        "period": "2026年第三季度",
        "catalog_item": "27001001",
        "path": f"/village-affairs/notices/{notice.id}",
    }
    assert published_at == (await notice.page()).json()["published_at"]
    assert second == {
        "kind": "document",
        "id": str(event.document),
        "title": event.title,
        "region": "990001000000",
        "region_name": "阳光县",
        "organisation": "990001-zf",
        "organisation_name": "阳光县人民政府",
        "field": "03",
        "summary": "冬季安全生产。",
        "written_on": "2026-11-19",
        "doc_number": "阳政发〔2026〕12号",
        "index_number": event.index_number,
        "catalog_item": "03001001",
        "theme": "安全生产",
        "genre": "通知",
        "column": "政策文件",
        "published_at": "2026-11-20T08:00:00Z",
        "path": f"/publication/documents/{event.document}",
    }


async def test_filters(seeded: Platform) -> None:
    finance = await Life.in_state(seeded, "live", category="finance", catalog_item="08001001")
    party = await Life.in_state(seeded, "live", category="party")
    school, budget = published(), published(catalog_item="08001001", field="08", column="finance")
    await say(seeded, school, budget)
    documents = sorted([str(school.document), str(budget.document)], reverse=True)

    assert await ids(seeded, EAST, kind="notice") == [party.id, finance.id]
    assert await ids(seeded, EAST, kind="document") == documents
    assert await ids(seeded, EAST, category="finance") == [finance.id], "categories are of notices"
    assert await ids(seeded, EAST, category="finance", kind="notice") == [finance.id]
    assert await ids(seeded, EAST, category="government") == []
    assert await ids(seeded, EAST, field="08") == [finance.id, str(budget.document)]
    assert await ids(seeded, EAST, field="08", kind="document") == [str(budget.document)]
    assert await ids(seeded, EAST, field="27", category="party") == [party.id]
    assert await ids(seeded, EAST, field="99") == []
    answer = await seeded.client.get(
        f"/village-affairs/villages/{EAST}/listing", params={"kind": "document", "category": "party"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_paging_across_the_merge_with_ties(seeded: Platform, limit: int) -> None:
    # All four ranges of a village, and three of them share each moment.
    events = [
        published(published_at=NOON - timedelta(hours=hour), region=region, reach=reach)
        for hour in range(2)
        for region, reach in (
            ("990001000000", Reach(villages="all")),
            (TOWN, Reach(villages="all")),
            ("990001000000", Reach(villages=[EAST])),
            (EAST, Reach()),
            (EAST, Reach()),
        )
    ]
    await say(seeded, *events)
    newest_first = sorted(events, key=lambda event: (event.published_at, event.document), reverse=True)
    assert await ids(seeded, EAST, limit=limit) == [str(event.document) for event in newest_first]


async def test_pages_stay_in_place_while_entries_come_and_go(seeded: Platform) -> None:
    events = [published(published_at=NOON - timedelta(hours=hour)) for hour in range(4)]
    await say(seeded, *events)
    path = f"/village-affairs/villages/{EAST}/listing"
    first = (await seeded.client.get(path, params={"limit": 2})).json()
    await say(seeded, published(published_at=NOON + timedelta(hours=1)), withdrawn(events[1]))
    second = (await seeded.client.get(path, params={"limit": 2, "cursor": first["next"]})).json()
    seen = [entry["id"] for entry in first["items"] + second["items"]]
    assert seen == [str(event.document) for event in events]
    assert second["next"] is None


async def test_cursors_belong_to_their_board_and_filter(seeded: Platform) -> None:
    await say(seeded, published(), published())
    path = f"/village-affairs/villages/{EAST}/listing"
    answer = await seeded.client.get(path, params={"limit": 1})
    cursor = answer.json()["next"]
    assert answer.headers["Link"] == f'<{path}?limit=1&cursor={cursor}>; rel="next"'
    others: list[tuple[str, Json]] = [(WEST, {}), (EAST, {"kind": "document"}), (EAST, {"field": "03"})]
    for other, params in others:
        wrong = await seeded.client.get(
            f"/village-affairs/villages/{other}/listing", params={**params, "cursor": cursor}
        )
        assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_cursor")
    malformed: list[Json] = [{"limit": 0}, {"limit": 101}, {"kind": "rumour"}, {"category": "x"}, {"field": "'"}]
    for params in malformed:
        assert (await seeded.client.get(path, params=params)).status_code == 422


async def test_boards_may_be_cached(seeded: Platform) -> None:
    path = f"/village-affairs/villages/{EAST}/listing"
    answer = await seeded.client.get(path)
    assert answer.json() == {"items": [], "next": None}
    assert answer.headers["Cache-Control"].startswith("public")
    again = await seeded.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


async def test_only_known_villages_have_boards(seeded: Platform) -> None:
    for code in (TOWN, "990001", "990001101299"):
        assert (await seeded.client.get(f"/village-affairs/villages/{code}/listing")).status_code == 404
        assert (await seeded.client.get(f"/village-affairs/villages/{code}")).status_code == 404
    assert (await seeded.client.get("/village-affairs/villages/east/listing")).status_code == 422


async def test_the_villages(seeded: Platform) -> None:
    async def codes(**params: str) -> list[str]:
        answer = await seeded.client.get("/village-affairs/villages", params=params)
        assert answer.status_code == 200, answer.text
        return [village["code"] for village in answer.json()["items"]]

    assert await codes() == [EAST, WEST, SOUTH]
    assert await codes(region="990001") == [EAST, WEST, SOUTH]
    assert await codes(region=TOWN) == [EAST, WEST]
    assert await codes(region=OTHER_TOWN) == [SOUTH]
    assert await codes(region="990002") == []
    first = await seeded.client.get("/village-affairs/villages", params={"region": TOWN, "limit": 1})
    assert await codes(region=TOWN, cursor=first.json()["next"]) == [WEST]
    assert 'rel="next"' in first.headers["Link"]
    wrong = await seeded.client.get("/village-affairs/villages", params={"cursor": first.json()["next"]})
    assert wrong.json()["code"] == "bad_cursor"
    one = (await seeded.client.get(f"/village-affairs/villages/{SOUTH}")).json()
    assert one == {"code": SOUTH, "name": "南庄村", "town": OTHER_TOWN, "county": "990001000000"}
