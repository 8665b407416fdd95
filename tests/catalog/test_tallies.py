"""Kept sums: they are what a count from the truth says, whatever happened, and what they were stays by day."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from libs.common import clock
from libs.common.db import Database
from libs.common.workdays import Calendar, Notice
from services.catalog.chores import mark_due, tally_once
from services.catalog.commands.tallies import count_region
from services.catalog.rules.duties import Duty
from services.catalog.rules.tallies import reminded
from tests.catalog.counting import counted
from tests.catalog.news import COUNTY, TOWN, VILLAGE, document_published, document_withdrawn, notice_published, say
from tests.platform import Platform, item

TODAY = clock.local_date(clock.now())


async def asked(platform: Platform, what: str, region: str = COUNTY, **params: Any) -> dict[str, Any]:
    """The sums of a region and all below it."""
    answer = await platform.client.get(f"/catalog/{what}/{region}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def of(found: Mapping[str, Any], key: str | None) -> tuple[int, ...]:
    """Owed, covered, missing and 不涉及 of the row of that key."""
    (row,) = [row for row in found["items"] if row["key"] == key]
    return row["owed"], row["covered"], row["missing"], row["not_applicable"]


async def test_sums_follow_what_is_published_withdrawn_and_said_not_to_apply(seeded: Platform) -> None:
    assert (await asked(seeded, "tallies"))["counted_at"] is None
    await counted(seeded)
    before = await asked(seeded, "tallies")
    assert before["total"]["owed"] == sum(row["owed"] for row in before["items"]) > 0
    owed, covered, missing, _ = of(before, COUNTY)
    assert (covered, missing) == (0, owed)
    document = uuid4()
    await say(seeded, document_published(document), notice_published(uuid4()))
    assert (await asked(seeded, "tallies"))["waiting"] == 2
    await counted(seeded)
    found = await asked(seeded, "tallies")
    assert (of(found, COUNTY), found["waiting"]) == ((owed, 1, owed - 1, 0), 0)
    assert of(found, VILLAGE)[1] == 1
    assert of(await asked(seeded, "tallies", by="field", level="county"), "03")[1] == 1
    assert of(await asked(seeded, "tallies", by="level"), "village")[1] == 1
    assert of(await asked(seeded, "tallies", VILLAGE, by="organisation"), None)[1] == 1
    await say(seeded, document_withdrawn(document, 2))
    said = {"not_applicable": "本县不涉及。"}
    await seeded.put(f"/catalog/coverage/{COUNTY}/items/03001001", said, seeded.token("administrator"))
    await counted(seeded)
    assert of(await asked(seeded, "tallies"), COUNTY) == (owed, 0, owed - 1, 1)


async def test_a_new_item_is_owed_by_all_regions_of_its_levels(seeded: Platform) -> None:
    await counted(seeded)
    before = await asked(seeded, "tallies", by="level")
    content = {**item("03", "义务教育"), "levels": ["town", "village"]}
    await seeded.put("/catalog/items/03009001", content, seeded.token("administrator"))
    await counted(seeded)
    after = await asked(seeded, "tallies", by="level")
    towns = len((await asked(seeded, "tallies", level="town"))["items"])
    villages = len((await asked(seeded, "tallies", level="village"))["items"])
    assert of(after, "county") == of(before, "county")
    assert of(after, "town")[0] == of(before, "town")[0] + towns
    assert of(after, "village")[0] == of(before, "village")[0] + villages


async def test_what_the_sums_were_stays_by_day(seeded: Platform) -> None:
    database = await counted(seeded)
    before = of(await asked(seeded, "tallies"), COUNTY)
    # As if it had been counted a week ago.
    week = TODAY - timedelta(7)
    await database.backbone.execute("update tally set since = $1", week)
    await say(seeded, document_published(uuid4()))
    await counted(seeded)
    now = of(await asked(seeded, "tallies"), COUNTY)
    assert now == (before[0], 1, before[2] - 1, 0)
    assert of(await asked(seeded, "tallies", on=(TODAY - timedelta(1)).isoformat()), COUNTY) == before
    assert of(await asked(seeded, "tallies", on=TODAY.isoformat()), COUNTY) == now
    assert (await asked(seeded, "tallies", on=(week - timedelta(1)).isoformat()))["items"] == []
    await counted(seeded)  # nothing has changed: nothing is written
    assert (
        await database.backbone.fetchval("select count(*) from tally where region = $1 and field = '03'", COUNTY) == 2
    )


async def monthly(platform: Platform) -> None:
    """Villages owe an item every month."""
    content = {**item("27", "村(居)务公开"), "time_limit": "每月公开一次", "levels": ["village"]}
    await platform.put("/catalog/items/27002001", content, platform.token("administrator"))


async def test_duties_are_summed_by_month(seeded: Platform) -> None:
    await monthly(seeded)
    notice = notice_published(uuid4()).model_copy(
        update={"catalog_item": "27002001", "published_at": datetime.now(UTC)}
    )
    await say(seeded, notice)
    await counted(seeded)
    rows = (await asked(seeded, "timeliness", VILLAGE, by="month", field="27"))["items"]
    assert [row["key"] for row in rows] == [f"{TODAY.year}-{month:02}" for month in range(1, TODAY.month + 1)]
    assert [row["met"] for row in rows] == [0] * (TODAY.month - 1) + [1]
    assert all(row["overdue"] >= 1 for row in rows[:-1])
    total = (await asked(seeded, "timeliness", VILLAGE))["total"]
    assert total["met"] == sum(row["met"] for row in rows)
    overdue = (await asked(seeded, "tallies", VILLAGE))["total"]["overdue"]
    assert overdue >= sum(row["overdue"] for row in rows)


async def test_a_region_is_reminded_once_a_day(seeded: Platform) -> None:
    await monthly(seeded)
    database = await counted(seeded)
    said = "select count(*) from outbox where key like '%-duties'"
    assert await database.backbone.fetchval(said) == 0
    last = (TODAY.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
    eve = datetime.combine(last - timedelta(1), datetime.min.time(), clock.CHINA)
    await database.backbone.execute("update tallied set day = $1 where region = $2", last - timedelta(2), VILLAGE)
    for _ in range(2):
        async with database.transaction() as session:
            await count_region(session, VILLAGE, eve)
    row = await database.backbone.fetchrow(
        "select version, payload::jsonb as payload from outbox where key = $1", f"{VILLAGE}-duties"
    )
    assert await database.backbone.fetchval(said) == 1
    assert row is not None
    assert row["version"] == (last - timedelta(1)).toordinal()
    assert '"27002001"' in row["payload"]


@pytest.mark.parametrize(
    ("days", "state", "urgency"),
    [
        (7, "open", "soon"),
        (1, "open", "soon"),
        (0, "open", "today"),
        (-1, "overdue", "missed"),
        (6, "open", None),
        (1, "met", None),
        (1, "waived", None),
        (-2, "overdue", None),
        (-1, "late", None),
    ],
)
def test_of_what_a_region_is_reminded(days: int, state: Any, urgency: str | None) -> None:
    duty = Duty("27002001", None, date(2026, 11, 1), TODAY + timedelta(days), state)
    assert reminded([duty], TODAY) == ([(urgency, duty)] if urgency else [])


@pytest.mark.parametrize("what", ["tallies", "timeliness"])
@pytest.mark.parametrize("format", ["csv", "xlsx"])
async def test_sums_are_exported(seeded: Platform, what: str, format: str) -> None:
    await monthly(seeded)
    await counted(seeded)
    answer = await seeded.client.get(f"/catalog/{what}/{COUNTY}/exports/{format}")
    assert answer.status_code == 200
    if format == "csv":
        lines = answer.content.decode("utf-8-sig").splitlines()
        assert lines[0].startswith("行政区划编码,行政区划,")
        assert any(line.startswith(f"{TOWN},") for line in lines) == (what == "tallies")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/catalog/tallies/990009000000", 404),
        ("/catalog/timeliness/990009000000", 404),
        ("/catalog/tallies/990009000000/exports/csv", 404),
        (f"/catalog/tallies/{COUNTY}?by=mood", 422),
        (f"/catalog/tallies/{COUNTY}?on=yesterday", 422),
        (f"/catalog/timeliness/{COUNTY}?due_from=2001-01-01", 422),
    ],
)
async def test_what_cannot_be_summed_is_refused(seeded: Platform, path: str, status: int) -> None:
    assert (await seeded.client.get(path)).status_code == status


async def test_another_calendar_has_everything_counted_again(seeded: Platform) -> None:
    content = {**item("03", "义务教育"), "time_limit": "信息形成之日起5个工作日内", "levels": ["town"]}
    await seeded.put("/catalog/items/03009001", content, seeded.token("administrator"))
    occasion = {"region": TOWN, "item": "03009001", "trigger": "formed", "happened_on": f"{TODAY.year}-01-05"}
    said = {**occasion, "what": "镇政府印发防汛应急预案。"}
    await seeded.put("/catalog/occasions/o1", said, seeded.token("administrator"))
    database = await counted(seeded)
    months = await asked(seeded, "timeliness", TOWN, by="month", due_until=f"{TODAY.year}-12-31")
    assert [row["key"] for row in months["items"]] == [f"{TODAY.year}-01"]
    # In the notice of a new year, all of January is given free.
    days = [{"date": f"{TODAY.year}-01-{day:02}", "isOffDay": True} for day in range(1, 32)]
    late = Calendar([Notice.model_validate({"year": TODAY.year, "days": days})])
    other = await Database.open("catalog", database.dsn, calendar=late)
    try:
        await mark_due(other)
        while await tally_once(other):
            pass
    finally:
        await other.close()
    months = await asked(seeded, "timeliness", TOWN, by="month", due_until=f"{TODAY.year}-12-31")
    assert [row["key"] for row in months["items"]] == [f"{TODAY.year}-02"]
