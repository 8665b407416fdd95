"""A province above its counties: it keeps the standard, they inherit it and add items of their own."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from libs.common import clock
from tests.catalog.counting import counted
from tests.catalog.news import COUNTY, TOWN, VILLAGE, document_published, say
from tests.catalog.revising import Revising, adjustment, content, entry
from tests.catalog.workbooks import row, workbook
from tests.platform import Platform, item

PROVINCE, OTHER = "990000000000", "990002000000"
LOCAL = {**item("03", "义务教育"), "level2_item": "课后服务", "time_limit": "每月公开一次"}
Json = dict[str, Any]


async def put(platform: Platform, path: str, body: Any, region: str, seen: int | None = None) -> httpx.Response:
    """PUT as the administrator of a region."""
    headers = platform.token("administrator", region=region) | ({"If-Match": f'"v{seen}"'} if seen else {})
    return await platform.client.put(f"/catalog/{path}", json=body, headers=headers)


@pytest.fixture
async def below(seeded: Platform) -> Platform:
    """The small county with a province above it and another county beside it."""
    for code, name, level, parent, seen in (
        (PROVINCE, "晴川省", "province", None, None),
        (COUNTY, "阳光县", "county", PROVINCE, 1),
        (OTHER, "明月县", "county", PROVINCE, None),
    ):
        answer = await put(seeded, f"regions/{code}", {"name": name, "level": level, "parent": parent}, PROVINCE, seen)
        assert answer.is_success, answer.text
    return seeded


async def codes(platform: Platform, path: str, **params: Any) -> list[str]:
    """The codes on a page."""
    answer = await platform.client.get(f"/catalog/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["items"]]


async def test_a_province_is_above_its_counties(below: Platform) -> None:
    assert await codes(below, "regions", parent=PROVINCE) == [COUNTY, OTHER]
    said = [said for kind, said in await below.events("catalog") if kind == "catalog.region.changed.v1"]
    assert (said[-3]["code"], said[-3]["level"], said[-3]["parent"]) == (PROVINCE, "province", None)
    orphan = {"name": "清风县", "level": "county", "parent": None}
    answer = await put(below, "regions/990003", orphan, PROVINCE)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.parent")
    assert PROVINCE in answer.json()["detail"]
    unknown = {"name": "清风县", "level": "county", "parent": "880000000000"}
    answer = await put(below, "regions/880003", unknown, "880000000000")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_reference")
    assert (await put(below, f"regions/{PROVINCE}", {**orphan, "level": "province"}, COUNTY, 1)).status_code == 403


async def test_a_province_owes_nothing(below: Platform) -> None:
    for path in (f"coverage/{PROVINCE}", f"coverage/{PROVINCE}/fields", f"duties/{PROVINCE}"):
        answer = await below.client.get(f"/catalog/{path}")
        assert (answer.status_code, answer.json()["items"]) == (200, [])
    answer = await put(below, f"coverage/{PROVINCE}/items/03001001", {"not_applicable": "没有。"}, PROVINCE)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "path.region")


async def test_nothing_is_published_for_a_province(below: Platform) -> None:
    await below.drain()
    kept = await below.database("publication").backbone.fetch("select code from region order by code")
    assert [row["code"] for row in kept][:2] == [COUNTY, TOWN]


async def test_the_province_keeps_the_standard_and_counties_inherit_it(below: Platform) -> None:
    changed = {**item("03", "义务教育"), "time_limit": "及时公开"}
    answer = await put(below, "items/03001001", changed, COUNTY, 1)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "省级" in answer.json()["detail"]
    assert (await put(below, "items/03001002", LOCAL, COUNTY)).status_code == 403
    answer = await put(below, "items/03001001", changed, PROVINCE, 1)
    assert (answer.json()["version"], answer.json()["region"]) == (2, None)
    assert (await put(below, "items/03001002", LOCAL, PROVINCE)).status_code == 201
    assert await codes(below, f"coverage/{OTHER}") == ["03001001", "03001002", "08001001", "27001001"]
    reserved = await put(below, "items/03900001", LOCAL, PROVINCE)
    assert (reserved.status_code, reserved.json()["errors"][0]["field"]) == (422, "path.code")


async def test_a_local_item_counts_in_its_county_and_below_alone(below: Platform) -> None:
    answer = await put(below, "items/03900001", LOCAL, COUNTY)
    assert (answer.status_code, answer.json()["region"]) == (201, COUNTY)
    assert (await below.client.get("/catalog/items/03900001")).json() == answer.json()
    for region in (COUNTY, TOWN, VILLAGE):
        assert "03900001" in await codes(below, f"coverage/{region}")
        assert "03900001" in await codes(below, "items", region=region, q="课后服务")
        duties = (await below.client.get(f"/catalog/duties/{region}")).json()["items"]
        assert {duty["item"] for duty in duties} == {"03900001"}
    assert "03900001" not in await codes(below, f"coverage/{OTHER}")
    assert (await below.client.get(f"/catalog/duties/{OTHER}")).json()["items"] == []
    for params in ({}, {"region": OTHER}, {"region": PROVINCE}):
        assert await codes(below, "items", field="03", **params) == ["03001001"]
        exported = (await below.client.get("/catalog/exports/json", params={"field": "03", **params})).json()
        assert [one["code"] for one in exported["items"]] == ["03001001"]
        fields = (await below.client.get("/catalog/fields", params=params)).json()["items"]
        assert fields[0] == {"code": "03", "name": "义务教育", "items": 1}
    assert (await below.client.get("/catalog/fields", params={"region": TOWN})).json()["items"][0]["items"] == 2
    await say(below, document_published(uuid4(), item="03900001"))
    await counted(below)
    fields = (await below.client.get(f"/catalog/coverage/{COUNTY}/fields")).json()["items"]
    assert (fields[0]["items"], fields[0]["covered"]) == (2, 1)


async def test_a_local_item_is_its_countys_and_its_provinces(below: Platform) -> None:
    await put(below, "items/03900001", LOCAL, COUNTY)
    other = {**LOCAL, "level2_item": "研学活动"}
    assert (await put(below, "items/03900001", other, OTHER)).json()["code"] == "forbidden"
    assert (await put(below, "items/03900001", other, OTHER, 1)).json()["code"] == "forbidden"
    assert (await put(below, "items/03900001", other, PROVINCE, 1)).json()["region"] == COUNTY
    assert (await put(below, "items/03900001", LOCAL, COUNTY, 2)).json()["version"] == 3
    for path, body, region in (
        (f"coverage/{OTHER}/items/03900001", {"not_applicable": "没有。"}, OTHER),
        (f"items/03900001/terms/{OTHER}", {"time_limit": None, "responsible_body": "县教育局"}, OTHER),
    ):
        answer = await put(below, path, body, region)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "path.code")


async def test_a_county_opens_no_field_and_must_be_in_the_tree(below: Platform) -> None:
    own_field = {**LOCAL, "field": "31", "field_name": "地方特色"}
    assert "领域" in (await put(below, "items/31900001", own_field, COUNTY)).json()["detail"]
    answer = await put(below, "items/03900001", LOCAL, "990009000000")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_reference")


async def test_a_county_that_runs_alone_keeps_everything(seeded: Platform) -> None:
    for code in ("03001002", "03900001"):
        assert (await put(seeded, f"items/{code}", LOCAL, COUNTY)).json()["region"] is None
    await Revising.begin(seeded, "77")
    headers = seeded.token("administrator")
    kept = await seeded.client.post("/catalog/editions", headers=headers)
    assert kept.json() == {"fields": ["03", "08", "27"]}


async def test_a_countys_file_brings_the_standard_and_its_own_items(below: Platform) -> None:
    headers = below.token("administrator", region=COUNTY)
    standard = (await below.client.get("/catalog/exports/csv", params={"region": COUNTY})).content
    text = standard.decode("utf-8-sig")
    same = (await below.client.post("/catalog/imports", content=text.encode(), headers=headers)).json()
    assert {change["kind"] for change in same["changes"]} == {"same"}
    rows = [row(二级事项="课后服务"), row(一级事项="本地特色", 二级事项="研学活动")]
    made = (await below.client.post("/catalog/imports", content=workbook(rows), headers=headers)).json()
    assert [change["code"] for change in made["changes"]] == ["03001900", "03900001"]
    whole = [*same["items"], *made["items"]]
    answer = await put(below, "items", {"items": whole}, COUNTY)
    assert answer.json() == {"created": 2, "changed": 0, "unchanged": 3}
    # Another county's new items get codes that nobody has.
    theirs = below.token("administrator", region=OTHER)
    again = (await below.client.post("/catalog/imports", content=workbook(rows), headers=theirs)).json()
    assert [change["code"] for change in again["changes"]] == ["03001901", "03900002"]
    loosened = [{**same["items"][0], "time_limit": "及时公开"}]
    refused = await put(below, "items", {"items": loosened}, COUNTY)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (403, "body.items.0.code")


async def test_revisions_and_editions_are_the_provinces(below: Platform) -> None:
    for headers in (below.token("administrator", region=COUNTY), below.token("administrator", region=OTHER)):
        answer = await below.client.put("/catalog/revisions/R77", json=content("77"), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await below.client.post("/catalog/editions", headers=headers)).status_code == 403
    await put(below, "items/03900001", LOCAL, COUNTY)
    headers = below.token("administrator", region=PROVINCE)
    assert (await below.client.post("/catalog/editions", headers=headers)).json() == {"fields": ["03", "08", "27"]}
    assert (await below.client.post("/catalog/editions", headers=headers)).json() == {"fields": []}
    [first] = (await below.client.get("/catalog/fields/03/editions")).json()["items"]
    assert (first["number"], first["revision"], first["items"]) == (1, None, 1)  # without what is local
    reserved = content("03", adjustment("add", [], [entry("03900002", "03", field_name="义务教育")]))
    answer = await below.client.put("/catalog/revisions/R03", json=reserved, headers=headers)
    assert answer.json()["errors"][0]["field"] == "body.adjustments.0.entries.0.code"


async def test_a_local_item_may_become_part_of_the_standard(below: Platform) -> None:
    await put(below, "items/03900001", LOCAL, COUNTY)
    headers = below.token("administrator", region=PROVINCE)
    standard = entry("03001002", "03", field_name="义务教育")
    merged = content("03", adjustment("merge", ["03001001", "03900001"], [standard]))
    answer = await below.client.put("/catalog/revisions/R03", json=merged, headers=headers)
    assert answer.status_code == 201, answer.text
    reviewing = below.token("reviewer", region=PROVINCE)
    today = clock.local_date(clock.now()).isoformat()
    for version, (act, who, body) in enumerate(
        (
            ("check", reviewing, {"passed": True, "opinion": "合法。"}),
            ("consult", headers, {"until": "2099-01-01"}),
            ("adopt", reviewing, {"effective_on": today}),
            ("enforce", headers, None),
        ),
        1,
    ):
        if act == "adopt":
            await below.database("catalog").backbone.execute(
                "update revision set consulting_until = consulting_from - 1"
            )
        path = f"/catalog/revisions/R03/{act}"
        answer = await below.client.post(path, json=body, headers=who | {"If-Match": f'"v{version}"'})
        assert answer.is_success, answer.text
    await say(below, document_published(uuid4(), item="03900001"))
    assert await codes(below, "items", field="03", region=COUNTY) == ["03001002"]
    [row] = (await below.client.get(f"/catalog/coverage/{COUNTY}?field=03")).json()["items"]
    assert (row["code"], row["documents"]) == ("03001002", 1)


async def test_a_county_says_nothing_of_the_standards_templates_and_correspondences(below: Platform) -> None:
    said = {"fields": [{"name": "households", "title": "户数", "type": "integer", "unit": "户"}]}
    assert (await put(below, "items/03001001/template", said, COUNTY)).json()["code"] == "forbidden"
    assert (await put(below, "items/03001001/template", said, PROVINCE)).status_code == 201
    await put(below, "items/03900001", LOCAL, COUNTY)
    assert (await put(below, "items/03900001/template", said, OTHER)).json()["code"] == "forbidden"
    assert (await put(below, "items/03900001/template", said, COUNTY)).status_code == 201
    members = [{"item": "03001001", "level": level} for level in ("county", "town")]
    same = {"title": "规范性文件", "members": members, "basis": "国办发〔2019〕54号", "reason": "同一事项。"}
    assert (await put(below, "correspondences/c1", same, COUNTY)).json()["code"] == "forbidden"
