"""Putting regions, organisations and items in place through the API."""

import asyncio
from typing import Any

import httpx
import orjson

from tests.catalog.news import COUNTY, TOWN, VILLAGE
from tests.platform import Platform, item

JY = {
    "name": "阳光县教育局",
    "short_name": "阳光县教育局",
    "doc_prefix": "阳教",
    "uscc": "11990001MB0000038W",
    "region": COUNTY,
    "parent": "990001-zf",
}


async def put(platform: Platform, path: str, body: Any, seen: int | None = None, **who: Any) -> httpx.Response:
    """PUT as the county's administrator, or as somebody else."""
    headers = platform.token(*who.pop("roles", ["administrator"]), **who)
    if seen is not None:
        headers["If-Match"] = f'"v{seen}"'
    return await platform.client.put(f"/catalog/{path}", json=body, headers=headers)


async def refused(answer: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    """Insist on a problem document."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if field is not None:
        assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_new_item_is_created_and_said(platform: Platform) -> None:
    answer = await put(platform, "items/03001001", item("03", "义务教育"))
    assert (answer.status_code, answer.headers["etag"]) == (201, '"v1"')
    shown = answer.json()
    assert shown == {**shown, **item("03", "义务教育"), "code": "03001001", "version": 1}
    [limit] = shown["time_limits"]["limits"]
    assert (limit["trigger"], limit["within"]) == ("formed", {"amount": 20, "unit": "workday"})
    assert (await platform.client.get("/catalog/items/03001001")).json() == answer.json()
    [(kind, said)] = await platform.events("catalog")
    assert kind == "catalog.item.changed.v1"
    assert (said["code"], said["version"], said["field_name"]) == ("03001001", 1, "义务教育")


async def test_every_column_of_an_item_is_kept(platform: Platform) -> None:
    columns = {
        "optional_elements": ["文件名称"],
        "channel_rule": "each",
        "optional_channels": ["政务服务中心"],
        "stages": ["decision", "result"],
        "item_type": "service",
        "section": "办公室",
        "enquiry_phone": "0990-6100001",
        "complaint_phone": "12345",
        "link": "https://www.example.gov.cn/zwgk/",
    }
    await put(platform, "items/03001001", {**item("03", "义务教育"), **columns})
    shown = (await platform.client.get("/catalog/items/03001001")).json()
    assert {name: shown[name] for name in columns} == columns


async def test_a_limit_that_is_not_understood_is_kept_flagged_and_listed(platform: Platform) -> None:
    await put(platform, "items/03001001", item("03", "义务教育"))
    vague = {**item("03", "义务教育"), "time_limit": "信息形成之日起20个工作日内;视情况公开"}
    answer = await put(platform, "items/03001002", vague)
    assert answer.json()["time_limit"] == vague["time_limit"]
    assert answer.json()["time_limits"]["unread"] == ["视情况公开"]
    for unread, codes in ((True, ["03001002"]), (False, ["03001001"])):
        page = (await platform.client.get("/catalog/items", params={"unread": unread})).json()
        assert [card["code"] for card in page["items"]] == codes


async def test_a_wording_can_be_tried_before_an_item_is_put(platform: Platform) -> None:
    answer = await platform.client.get("/catalog/time-limits", params={"wording": "每季度的首个月20日;择期"})
    assert answer.json()["limits"][0]["recurrence"] == {"every": "quarter", "month": 1, "day": 20}
    assert answer.json()["unread"] == ["择期"]
    assert (await platform.client.get("/catalog/time-limits", params={"wording": ""})).status_code == 422


async def test_a_change_is_the_next_version(seeded: Platform) -> None:
    changed = {**item("03", "义务教育"), "levels": ["county"]}
    answer = await put(seeded, "items/03001001", changed, seen=1)
    assert (answer.status_code, answer.headers["etag"], answer.json()["version"]) == (200, '"v2"', 2)
    assert (await seeded.events("catalog"))[-1][1]["levels"] == ["county"]


async def test_putting_the_same_again_changes_nothing(seeded: Platform) -> None:
    before = await seeded.events("catalog"), await _audit(seeded)
    for path, body in (
        ("items/03001001", item("03", "义务教育")),
        ("regions/990001101", {"name": "晨曦镇", "level": "town", "parent": "990001"}),
        ("organisations/990001-jy", JY),
    ):
        answer = await put(seeded, path, body, seen=1)
        assert (answer.status_code, answer.json()["version"], answer.headers["etag"]) == (200, 1, '"v1"')
    assert (await seeded.events("catalog"), await _audit(seeded)) == before


async def test_what_exists_is_replaced_by_version_only(seeded: Platform) -> None:
    for path, body in (
        ("regions/990001", {"name": "向阳县", "level": "county", "parent": None}),
        ("organisations/990001-jy", {**JY, "name": "阳光县教育和体育局"}),
        ("items/03001001", {**item("03", "义务教育"), "levels": ["county"]}),
    ):
        await refused(await put(seeded, path, body), 428, "version_required")
        await refused(await put(seeded, path, body, seen=9), 412, "stale_version")
        assert (await put(seeded, path, body, seen=1)).json()["version"] == 2
        await refused(await put(seeded, path, body, seen=1), 412, "stale_version")


async def test_nothing_is_there_to_be_replaced(platform: Platform) -> None:
    await refused(await put(platform, "items/03001001", item("03", "义务教育"), seen=1), 412, "stale_version")


async def test_an_unreadable_version_is_malformed(seeded: Platform) -> None:
    headers = {**seeded.token("administrator"), "If-Match": '"abc"'}
    answer = await seeded.client.put("/catalog/items/03001001", json=item("03", "义务教育"), headers=headers)
    await refused(answer, 422, "malformed", "header.If-Match")


async def test_who_comes_second_is_told_to_look(platform: Platform) -> None:
    bodies = [{**item("03", "义务教育"), "time_limit": f"{days}个工作日内"} for days in range(5)]
    answers = await asyncio.gather(*(put(platform, "items/03001001", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201, 428, 428, 428, 428]
    assert len(await platform.events("catalog")) == 1


async def test_other_roles_may_not(seeded: Platform) -> None:
    before = await seeded.events("catalog")
    for role in ("editor", "reviewer", "village_clerk", "joint_meeting", "auditor", "harvester"):
        for path, body in (
            ("regions/990001103", {"name": "和风镇", "level": "town", "parent": COUNTY}),
            ("organisations/990001-mz", {**JY, "parent": "no-such"}),
            ("items/03001002", item("03", "义务教育")),
        ):
            await refused(await put(seeded, path, body, roles=[role]), 403, "forbidden")
    assert await seeded.events("catalog") == before


async def test_without_a_token_there_is_no_change(platform: Platform) -> None:
    answer = await platform.client.put("/catalog/items/03001001", json=item("03", "义务教育"))
    await refused(answer, 401, "not_signed_in")


async def test_an_administrator_acts_in_the_own_region_only(seeded: Platform) -> None:
    town = {"name": "和风镇", "level": "town", "parent": COUNTY}
    village = {"name": "北庄村", "level": "village", "parent": TOWN}
    await refused(await put(seeded, "regions/990001103", town, region=TOWN), 403, "forbidden")
    assert (await put(seeded, "regions/990001101203", village, region=TOWN)).status_code == 201
    await refused(await put(seeded, "organisations/990001-mz", JY, region=TOWN), 403, "forbidden")
    await refused(await put(seeded, "items/03001002", item("03", "义务教育"), region=TOWN), 403, "forbidden")


async def test_an_administrator_of_an_organisation_stays_below_it(seeded: Platform) -> None:
    below = {**JY, "name": "阳光县教研室", "parent": "990001-jy"}
    answer = await put(seeded, "organisations/990001-jys", below, organisation="990001-jy")
    assert answer.json()["path"] == ["990001-jys", "990001-jy", "990001-zf"]
    beside = await put(seeded, "organisations/990001-mz", JY, organisation="990001-jy")
    await refused(beside, 403, "forbidden")
    # Nor may it take in what belongs to another: both the old and the new place are asked about.
    taken = {**JY, "region": TOWN, "uscc": "11990001MB0000046P", "parent": "990001-jy"}
    away = await put(seeded, "organisations/990001101-zf", taken, seen=1, organisation="990001-jy")
    await refused(away, 403, "forbidden")


async def test_an_organisation_moves_without_subordinates_only(seeded: Platform) -> None:
    moved = {**JY, "region": TOWN, "uscc": "11990001MB0000046P", "parent": "990001-jy"}
    answer = await put(seeded, "organisations/990001101-zf", moved, seen=1)
    assert answer.json()["path"] == ["990001101-zf", "990001-jy", "990001-zf"]
    assert (await seeded.events("catalog"))[-1][1]["path"] == answer.json()["path"]
    away = await put(seeded, "organisations/990001-jy", {**JY, "parent": None}, seen=1)
    await refused(away, 409, "has_subordinates", "body.parent")


async def test_an_organisation_is_not_below_itself_or_nobody(seeded: Platform) -> None:
    await put(seeded, "organisations/990001-jys", {**JY, "parent": "990001-jy"})
    for parent in ("no-such", "990001-jy", "990001-jys"):
        answer = await put(seeded, "organisations/990001-jy", {**JY, "parent": parent}, seen=1)
        await refused(answer, 422, "unknown_reference", "body.parent")


async def test_what_is_referred_to_must_exist(seeded: Platform) -> None:
    village = {"name": "柳浪村", "level": "village", "parent": "990001103000"}
    await refused(await put(seeded, "regions/990001103201", village), 422, "unknown_reference", "body.parent")
    nowhere = {**JY, "region": "990001103"}
    await refused(await put(seeded, "organisations/990001-mz", nowhere), 422, "unknown_reference", "body.region")


async def test_a_field_keeps_its_name_once_it_has_other_items(seeded: Platform) -> None:
    corrected = await put(seeded, "items/03001001", item("03", "教育"), seen=1)
    assert (corrected.json()["version"], corrected.json()["field_name"]) == (2, "教育")
    fields = (await seeded.client.get("/catalog/fields")).json()
    assert {"code": "03", "name": "教育", "items": 1} in fields["items"]
    other = await put(seeded, "items/03001002", item("03", "义务教育"))
    await refused(other, 409, "field_name_differs", "body.field_name")


ITEM = item("03", "义务教育")
HEFENG = {"name": "和风镇", "level": "town", "parent": COUNTY}
MALFORMED: list[tuple[str, Any, str]] = [
    ("items/03001002", {**ITEM, "colour": "red"}, "body.colour"),
    ("items/03001002", {**ITEM, "levels": []}, "body.levels"),
    ("items/03001002", {**ITEM, "time_limit": "a\x00b"}, "body"),
    ("items/03001002", {**ITEM, "content_elements": ["要素"] * 61}, "body.content_elements"),
    ("items/03001002", {**ITEM, "audience": "specific"}, "body.audience_group"),
    ("items/a.b", ITEM, "path.code"),
    ("regions/12345", {"name": "某县", "level": "county"}, "path.code"),
    ("regions/990001103", {**HEFENG, "level": "hamlet"}, "body.level"),
    ("regions/990001103", {**HEFENG, "level": "village"}, "body.level"),
    ("regions/990001103", {**HEFENG, "code": "990001103000"}, "body.code"),
    ("organisations/990001-mz", {**JY, "uscc": "11990001MB00000380"}, "body.uscc"),
    ("organisations/990001-mz", {**JY, "path": []}, "body.path"),
]


async def test_malformed_contents_name_the_field(seeded: Platform) -> None:
    before = await seeded.events("catalog")
    for path, body, field in MALFORMED:
        await refused(await put(seeded, path, body), 422, "malformed", field)
    assert await seeded.events("catalog") == before


async def test_the_same_key_gets_the_first_answer(platform: Platform) -> None:
    headers = {**platform.token("administrator"), "Idempotency-Key": "once"}
    path = "/catalog/items/03001001"
    first = await platform.client.put(path, json=item("03", "义务教育"), headers=headers)
    again = await platform.client.put(path, json=item("03", "义务教育"), headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, first.json())
    assert len(await platform.events("catalog")) == 1


async def test_every_change_leaves_one_audit_row(platform: Platform) -> None:
    await put(platform, f"regions/{COUNTY}", {"name": "阳光县", "level": "county"}, subject="li")
    await put(platform, f"regions/{VILLAGE}", {"name": "村", "level": "village", "parent": TOWN})
    [entry] = await _audit(platform)
    assert (entry["actor"], entry["action"], entry["thing"]) == ("li", "catalog.put_region", COUNTY)
    assert (entry["region"], entry["version"]) == (COUNTY, 1)


async def _audit(platform: Platform) -> list[dict[str, Any]]:
    rows = await platform.database("catalog").backbone.fetch(
        "select entry::text from (select entry from audit union all select entry from audit_waiting) said"
    )
    return [orjson.loads(row[0]) for row in rows]
