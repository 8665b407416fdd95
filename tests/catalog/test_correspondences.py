"""Which items of county, town and village are the same matter, and which of their figures must agree."""

from typing import Any

import httpx
import pytest

from libs.common.errors import Malformed
from services.catalog.rules.correspondences import CorrespondenceContent, Member, check_correspondence, check_member
from tests.catalog.news import TOWN
from tests.catalog.revising import Revising, adjustment, entry
from tests.platform import Platform, item

Json = dict[str, Any]


def figure(name: str, element: str | None = None) -> Json:
    """A figure as a member shows it."""
    return {"name": name, "element": element}


COUNTY_MEMBER: Json = {"item": "19001002", "level": "county", "figures": [figure("金额", "补贴结果"), figure("户数")]}
TOWN_MEMBER: Json = {"item": "19001002", "level": "town", "figures": [figure("户数")]}
VILLAGE_MEMBER: Json = {"item": "27004001", "level": "village", "figures": [figure("金额", "金额"), figure("户数")]}
CONTENT: Json = {
    "title": "耕地地力保护补贴发放结果",
    "members": [VILLAGE_MEMBER, COUNTY_MEMBER],
    "basis": "国办发〔2019〕54号",
    "reason": "同一批补贴,县公布汇总,村公布到户。",
    "dissolved": None,
}


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ([COUNTY_MEMBER, VILLAGE_MEMBER], None),
        ([COUNTY_MEMBER, TOWN_MEMBER, VILLAGE_MEMBER], None),
        ([{"item": "1", "level": "county"}, {"item": "1", "level": "town"}], None),
        ([{"item": "1", "level": "county"}, {"item": "2", "level": "county"}], "body.members"),
        ([COUNTY_MEMBER, VILLAGE_MEMBER, {**COUNTY_MEMBER, "figures": []}], "body.members.2"),
        ([COUNTY_MEMBER, TOWN_MEMBER], "body.members.0.figures.0.name"),
        (
            [TOWN_MEMBER, {**TOWN_MEMBER, "item": "2"}, {"item": "3", "level": "village"}],
            "body.members.0.figures.0.name",
        ),
        ([COUNTY_MEMBER, {**VILLAGE_MEMBER, "figures": [figure("户数")] * 2}], "body.members.1.figures.1.name"),
    ],
)
def test_what_makes_a_correspondence(members: list[Json], field: str | None) -> None:
    content = CorrespondenceContent.model_validate({**CONTENT, "members": members})
    if field is None:
        check_correspondence(content)
        return
    with pytest.raises(Malformed) as refusal:
        check_correspondence(content)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("levels", "elements", "field"),
    [
        (["county", "town"], ["补贴结果", "监督渠道"], None),
        (["town"], ["补贴结果"], "there.level"),
        (["county"], ["监督渠道"], "there.figures.0.element"),
    ],
)
def test_a_member_is_as_its_item(levels: list[str], elements: list[str], field: str | None) -> None:
    member = Member.model_validate(COUNTY_MEMBER)
    if field is None:
        check_member(member, levels, elements, "there")
        return
    with pytest.raises(Malformed) as refusal:
        check_member(member, levels, elements, "there")
    assert refusal.value.field == field


async def items(platform: Platform) -> None:
    """The items of the county's and the village's subsidies."""
    subsidy = {**item("19", "涉农补贴"), "content_elements": ["政策依据", "补贴结果"], "levels": ["county", "town"]}
    village = {**item("27", "村(居)务公开"), "content_elements": ["补贴项目", "金额"], "levels": ["village"]}
    for code, said in (("19001002", subsidy), ("19001003", subsidy), ("27004001", village)):
        await platform.put(f"/catalog/items/{code}", said, platform.token("administrator"))


async def put(platform: Platform, code: str = "subsidy", seen: int | None = None, **changes: Any) -> httpx.Response:
    """Put a correspondence, as the county's administrator."""
    headers = platform.token("administrator") | ({"If-Match": f'"v{seen}"'} if seen else {})
    return await platform.client.put(f"/catalog/correspondences/{code}", json={**CONTENT, **changes}, headers=headers)


async def listed(platform: Platform, **params: Any) -> list[str]:
    """The codes that everybody reads."""
    answer = await platform.client.get("/catalog/correspondences", params=params)
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["items"]]


async def test_it_is_kept_said_and_shown_with_the_names_of_its_items(seeded: Platform) -> None:
    await items(seeded)
    answer = await put(seeded)
    assert (answer.status_code, answer.headers["etag"]) == (201, '"v1"')
    assert answer.json() == {**CONTENT, "code": "subsidy", "version": 1}
    [shown] = (await seeded.client.get("/catalog/correspondences")).json()["items"]
    named = {"level1_item": "政策文件", "level2_item": "规范性文件", "level3_item": None, "retired_on": None}
    village, county = ({**VILLAGE_MEMBER, **named, "field": "27"}, {**COUNTY_MEMBER, **named, "field": "19"})
    assert shown == {**answer.json(), "members": [village, county]}
    [(_, said)] = await seeded.events("catalog", "catalog.correspondence.changed.v1")
    assert said == {**CONTENT, "code": "subsidy", "version": 1, "at": said["at"]}
    # The same again says nothing, another text does.
    assert (await put(seeded, seen=1)).json()["version"] == 1
    assert (await put(seeded, seen=1, title="耕地地力保护补贴")).json()["version"] == 2
    assert len(await seeded.events("catalog", "catalog.correspondence.changed.v1")) == 2


async def test_its_code_may_be_that_of_an_item(seeded: Platform) -> None:
    await items(seeded)
    assert (await put(seeded, "19001002")).status_code == 201
    await seeded.drain()
    assert (await listed(seeded)) == ["19001002"]


async def test_what_has_ended_says_why(seeded: Platform) -> None:
    await items(seeded)
    await put(seeded)
    await put(seeded, "other", members=[COUNTY_MEMBER | {"figures": []}, VILLAGE_MEMBER | {"figures": []}])
    assert (await put(seeded, seen=1, dissolved="县级不再公布发放结果。")).json()["version"] == 2
    assert await listed(seeded, dissolved=True) == ["subsidy"]
    assert await listed(seeded, dissolved=False) == ["other"]


async def test_it_is_found_by_its_items_and_levels_page_by_page(seeded: Platform) -> None:
    await items(seeded)
    for n in range(3):
        await put(seeded, f"s{n}")
    both = [COUNTY_MEMBER | {"item": "19001003", "figures": []}, TOWN_MEMBER | {"figures": []}]
    await put(seeded, "towns", members=both)
    for params, codes in (
        ({"item": "27004001"}, ["s0", "s1", "s2"]),
        ({"level": "town"}, ["towns"]),
        ({"item": "19001002", "level": "county"}, ["s0", "s1", "s2"]),
        # Both members of `towns` fit in part, neither of them wholly.
        ({"item": "19001003", "level": "town"}, []),
        ({"item": "03001001"}, []),
    ):
        assert await listed(seeded, **params) == codes
    first = await seeded.client.get("/catalog/correspondences?limit=3&level=county")
    assert [one["code"] for one in first.json()["items"]] == ["s0", "s1", "s2"]
    again = await seeded.client.get(first.links["next"]["url"])
    assert ([one["code"] for one in again.json()["items"]], again.json()["next"]) == (["towns"], None)
    known = {"If-None-Match": first.headers["etag"]}
    assert (await seeded.client.get(first.url, headers=known)).status_code == 304


@pytest.mark.parametrize(
    ("members", "code", "field"),
    [
        ([COUNTY_MEMBER, VILLAGE_MEMBER | {"item": "99009009"}], "unknown_reference", "body.members.1.item"),
        ([COUNTY_MEMBER, VILLAGE_MEMBER | {"level": "town"}], "malformed", "body.members.1.level"),
        ([COUNTY_MEMBER | {"level": "city"}, VILLAGE_MEMBER], "malformed", "body.members.0.level"),
        ([COUNTY_MEMBER], "malformed", "body.members"),
        (None, "malformed", "body.members"),
        (
            [COUNTY_MEMBER, VILLAGE_MEMBER | {"figures": [figure("金额", "面积"), figure("户数")]}],
            "malformed",
            "body.members.1.figures.0.element",
        ),
    ],
)
async def test_what_cannot_be_is_refused(seeded: Platform, members: list[Json] | None, code: str, field: str) -> None:
    await items(seeded)
    answer = await put(seeded, members=members)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await seeded.events("catalog", "catalog.correspondence.changed.v1") == []


async def test_counties_keep_it_in_its_last_version(seeded: Platform) -> None:
    await items(seeded)
    path = "/catalog/correspondences/subsidy"
    for others in (seeded.token("editor"), seeded.token("administrator", region=TOWN)):
        assert (await seeded.client.put(path, json=CONTENT, headers=others)).status_code == 403
    assert (await seeded.client.put(path, json=CONTENT)).status_code == 401
    await put(seeded)
    assert (await put(seeded, title="补贴")).status_code == 428
    assert (await put(seeded, title="补贴", seen=2)).status_code == 412


async def test_an_item_that_is_retired_is_replaced_by_its_heir_or_the_correspondence_ends(seeded: Platform) -> None:
    await items(seeded)
    await put(seeded)
    heir = entry("19001009", "19", field_name="涉农补贴", content_elements=["补贴结果"], levels=["county"])
    merged = adjustment("merge", ["19001002", "19001003"], [heir])
    await (await Revising.begin(seeded, "19", merged)).until("in_force")
    [shown] = (await seeded.client.get("/catalog/correspondences")).json()["items"]
    assert [member["retired_on"] is None for member in shown["members"]] == [True, False]
    refused = await put(seeded, seen=1, title="补贴")
    assert (refused.status_code, refused.json()["code"], refused.json()["heirs"]) == (409, "item_retired", ["19001009"])
    assert refused.json()["errors"][0]["field"] == "body.members.1.item"
    assert (await put(seeded, seen=1, dissolved="事项已合并。")).json()["version"] == 2
    replaced = [VILLAGE_MEMBER, {**COUNTY_MEMBER, "item": "19001009"}]
    assert (await put(seeded, seen=2, members=replaced)).json()["version"] == 3
