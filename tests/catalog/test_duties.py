"""Recurring duties: when they are due, and whether what is live meets them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common import clock
from libs.common.workdays import Calendar
from services.catalog.rules.duties import (
    Duty,
    Occasion,
    Owing,
    Published,
    Time,
    begins_a_period,
    counted,
    duties,
)
from services.catalog.rules.time_limits import Trigger
from services.catalog.rules.wordings import read
from tests.catalog.news import COUNTY, TOWN, VILLAGE, document_published, notice_published, notice_withdrawn, say
from tests.platform import Platform, item

QUARTERLY = {"27001001": Owing(read("每季度的首个月20日"))}
CALENDAR = Calendar()
TODAY = date(2026, 11, 26)
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def of(*days: str, today: date = TODAY) -> list[Duty]:
    """The duties of 2026 of an item that is due quarterly, published on these days."""
    published = {"27001001": [Published(f"d{day}", date.fromisoformat(day)) for day in days]}
    return list(duties(QUARTERLY, published, Time(*YEAR, today), CALENDAR))


def test_a_duty_in_each_period_is_met_late_overdue_or_open() -> None:
    found = of("2026-01-05", "2026-05-02", today=date(2026, 8, 1))
    assert [(duty.due_on.isoformat(), duty.state) for duty in found] == [
        ("2026-01-20", "met"),
        ("2026-04-20", "late"),
        ("2026-07-20", "overdue"),
        ("2026-10-20", "open"),
    ]
    assert (found[1].met_on, found[1].document) == (date(2026, 5, 2), "d2026-05-02")
    assert counted(found) == {"met": 1, "late": 1, "overdue": 1, "open": 1, "waived": 0}


@pytest.mark.parametrize(
    ("day", "states"),
    [
        ("2026-01-01", ["met", "overdue"]),
        ("2026-01-20", ["met", "overdue"]),
        ("2026-01-21", ["late", "overdue"]),
        ("2026-03-31", ["late", "overdue"]),
        ("2026-04-01", ["overdue", "met"]),
        ("2025-12-31", ["overdue", "overdue"]),
    ],
)
def test_a_publication_counts_for_the_period_that_it_falls_into(day: str, states: list[str]) -> None:
    assert [duty.state for duty in of(day)][:2] == states


@given(st.lists(st.dates(date(2025, 1, 1), date(2027, 6, 30)), max_size=12), st.dates(*YEAR), st.integers(0, 300))
def test_a_duty_is_met_exactly_when_something_live_falls_into_its_period(
    days: list[date], today: date, after: int
) -> None:
    found = of(*(day.isoformat() for day in sorted(days)), today=today)
    for duty in found:
        within = [day for day in days if (day.year, (day.month + 2) // 3) == (2026, (duty.due_on.month + 2) // 3)]
        assert duty.met_on == min(within, default=None)
        missing = "overdue" if today > duty.due_on else "open"
        assert duty.state == (missing if not within else "met" if min(within) <= duty.due_on else "late")
    published = {"27001001": [Published(f"d{day}", day) for day in sorted(days)]}
    later = YEAR[0] + timedelta(after)
    shorter = duties(QUARTERLY, published, Time(later, YEAR[1], today), CALENDAR)
    assert list(shorter) == [d for d in found if d.due_on >= later]


def test_each_recurring_part_of_an_item_is_a_duty() -> None:
    items = {"25005001": Owing(read("定期公告(企业或单位每季公告一次,个体工商户和个人每半年公告一次)"))}
    found = list(duties(items, {}, Time(date(2026, 10, 1), date(2026, 12, 31), TODAY), CALENDAR))
    assert [(duty.due_on.isoformat(), duty.subject) for duty in found] == [
        ("2026-12-31", "个体工商户和个人"),
        ("2026-12-31", "企业或单位"),
    ]


def test_a_limit_under_a_condition_is_no_duty() -> None:
    items = {"27001001": Owing(read("每季度的首个月20日;集体财务往来较多的,财务收支情况每月公布一次"))}
    found = list(duties(items, {}, Time(date(2026, 10, 1), date(2026, 11, 30), TODAY), CALENDAR))
    assert [duty.due_on.isoformat() for duty in found] == ["2026-10-20"]


def test_a_waived_duty_is_no_gap_and_a_met_one_stays_met() -> None:
    waived = {("27001001", date(2026, 1, 1)), ("27001001", date(2026, 4, 1)), ("26001001", date(2026, 7, 1))}
    published = {"27001001": [Published(None, date(2026, 1, 18), "board-1")]}
    found = list(duties(QUARTERLY, published, Time(*YEAR, date(2026, 8, 1)), CALENDAR, waived=waived))
    assert [duty.state for duty in found] == ["met", "waived", "overdue", "open"]
    assert (found[0].document, found[0].offline_disclosure) == (None, "board-1")


def test_each_body_owes_what_is_its_own_and_those_above_it_are_served_too() -> None:
    items = {"27001001": Owing(QUARTERLY["27001001"].limits, ["civil", "school", "county"])}
    published = {
        "27001001": [
            Published("d1", date(2026, 1, 5), bodies=["school", "county"]),
            Published("d2", date(2026, 4, 5)),  # of the region as one: for each of its bodies
        ]
    }
    found = list(duties(items, published, Time(date(2026, 1, 1), date(2026, 4, 30), TODAY), CALENDAR))
    assert [(duty.due_on.month, duty.organisation, duty.state, duty.document) for duty in found] == [
        (1, "civil", "overdue", None),
        (1, "county", "met", "d1"),
        (1, "school", "met", "d1"),
        (4, "civil", "met", "d2"),
        (4, "county", "met", "d2"),
        (4, "school", "met", "d2"),
    ]


def on_occasion(wording: str, occasion: Occasion, *days: str, today: date = TODAY) -> list[Duty]:
    """The duties of an item of that wording after an occasion."""
    items = {"03001001": Owing(read(wording), ["civil"])}
    published = {"03001001": [Published(f"d{day}", date.fromisoformat(day)) for day in days]}
    return list(duties(items, published, Time(*YEAR, today), CALENDAR, occasions=[occasion]))


@pytest.mark.parametrize(
    ("days", "state", "document"),
    [
        ((), "overdue", None),
        (("2026-09-29",), "overdue", None),
        (("2026-09-30",), "met", "d2026-09-30"),
        (("2026-10-15",), "met", "d2026-10-15"),
        (("2026-10-16", "2026-10-17"), "late", "d2026-10-16"),
    ],
)
def test_a_limit_runs_from_its_occasion_by_working_days(days: tuple[str, ...], state: str, document: str) -> None:
    # 1 to 7 October 2026 are the National Day's rest days, 10 October is worked instead.
    occasion = Occasion("o1", "03001001", Trigger.DECIDED, date(2026, 9, 30))
    (duty,) = on_occasion("作出决定之日起7个工作日内", occasion, *days)
    assert (duty.period_start, duty.due_on) == (date(2026, 9, 30), date(2026, 10, 15))
    assert (duty.state, duty.document, duty.occasion, duty.organisation) == (state, document, "o1", "civil")
    assert not duty.provisional


def test_an_occasion_starts_only_the_limits_that_run_from_it() -> None:
    wording = "办事指南自信息形成之日起20个工作日内公开;结果自作出决定之日起7个工作日内公开"
    occasion = Occasion("o1", "03001001", Trigger.DECIDED, date(2026, 9, 30), "school")
    (duty,) = on_occasion(wording, occasion)
    assert (duty.subject, duty.due_on, duty.organisation) == ("结果", date(2026, 10, 15), "school")


def test_what_is_known_in_advance_is_due_before_it() -> None:
    occasion = Occasion("o1", "03001001", Trigger.BEFORE, date(2026, 12, 10))
    (duty,) = on_occasion("会议召开5日前公布", occasion, "2026-06-01", "2026-12-04")
    assert (duty.due_on, duty.state, duty.document) == (date(2026, 12, 5), "met", "d2026-12-04")


@pytest.mark.parametrize(
    ("wording", "day", "begins"),
    [
        ("每季度的首个月20日", date(2026, 10, 1), True),
        ("每季度的首个月20日", date(2026, 11, 1), False),
        ("每季度的首个月20日", date(2026, 10, 20), False),
        ("每月公开一次", date(2026, 11, 1), True),
        ("每年公开一次", date(2026, 7, 1), False),
        ("信息形成之日起20个工作日内", date(2026, 1, 1), False),
    ],
)
def test_a_duty_is_waived_for_one_of_its_periods(wording: str, day: date, begins: bool) -> None:
    assert begins_a_period(read(wording), day) is begins


async def asked(platform: Platform, region: str, **params: Any) -> dict[str, Any]:
    """What a region must publish."""
    answer = await platform.client.get(f"/catalog/duties/{region}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def owed(platform: Platform) -> None:
    """Villages owe an item every month."""
    monthly = {**item("27", "村(居)务公开"), "time_limit": "每月公开一次", "levels": ["village"]}
    await platform.put("/catalog/items/27002001", monthly, platform.token("administrator"))


async def test_a_village_sees_what_it_must_publish_and_a_notice_meets_it(seeded: Platform) -> None:
    await owed(seeded)
    today = clock.local_date(clock.now())
    month = {"due_from": today.isoformat(), "due_until": (today + timedelta(45)).isoformat()}
    before = await asked(seeded, VILLAGE, **month)
    assert {duty["item"] for duty in before["items"]} == {"27002001"}
    assert before["counts"]["open"] == len(before["items"]) >= 1
    assert (await asked(seeded, TOWN, **month))["items"] == []
    notice = uuid4()
    await say(seeded, _notice(notice))
    met = (await asked(seeded, VILLAGE, **month))["items"][0]
    assert (met["state"], met["document"], met["met_on"]) == ("met", str(notice), today.isoformat())
    await say(seeded, notice_withdrawn(notice, version=2))
    assert await asked(seeded, VILLAGE, **month) == before


async def test_what_does_not_concern_a_village_is_no_duty(seeded: Platform) -> None:
    await owed(seeded)
    path = f"/catalog/coverage/{VILLAGE}/items/27002001"
    await seeded.put(path, {"not_applicable": "本村没有集体资产。"}, seeded.token("administrator"))
    assert (await asked(seeded, VILLAGE))["items"] == []


async def named(platform: Platform, region: str, code: str, *bodies: str) -> httpx.Response:
    """Have bodies of a region each owe an item."""
    body = {"time_limit": None, "responsible_body": None, "organisations": list(bodies)}
    headers = platform.token("administrator")
    return await platform.client.put(f"/catalog/items/{code}/terms/{region}", json=body, headers=headers)


async def test_each_body_that_a_region_names_owes_the_item(seeded: Platform) -> None:
    await owed_by_the_county(seeded)
    for code in ("990001-b1", "990001-b2"):
        await seeded.put(
            f"/catalog/organisations/{code}",
            {"name": f"阳光县{code}局", "short_name": f"{code}局", "uscc": "11990001MB0Y003A20", "region": COUNTY},
            seeded.token("administrator"),
        )
    assert (await named(seeded, COUNTY, "03009001", "990001-b1", "990001-b2")).status_code == 201
    today = clock.local_date(clock.now())
    month = {"due_from": today.isoformat(), "due_until": (today + timedelta(31)).isoformat()}
    first = [duty for duty in (await asked(seeded, COUNTY, **month))["items"] if duty["due_on"][:7] == str(today)[:7]]
    assert [(duty["organisation"], duty["organisation_name"]) for duty in first] == [
        ("990001-b1", "990001-b1局"),
        ("990001-b2", "990001-b2局"),
    ]
    paper = document_published(uuid4(), item="03009001", at=datetime.now(UTC))
    await say(seeded, paper.model_copy(update={"organisation_path": ["990001-b1", "990001-zf"]}))
    found = await asked(seeded, COUNTY, organisation="990001-b1", **month)
    assert (found["items"][0]["state"], found["counts"]["met"]) == ("met", 1)
    assert (await asked(seeded, COUNTY, organisation="990001-b2", **month))["counts"]["met"] == 0


@pytest.mark.parametrize(("bodies", "status"), [(("nobody",), 422), (("990001-zf", "990001-zf"), 422)])
async def test_a_region_names_bodies_of_its_own_once(seeded: Platform, bodies: tuple[str, ...], status: int) -> None:
    answer = await named(seeded, COUNTY, "03001001", *bodies)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, "body.organisations")


async def owed_by_the_county(platform: Platform) -> None:
    """The county owes an item every month."""
    monthly = {**item("03", "义务教育"), "time_limit": "每月公开一次", "levels": ["county"]}
    await platform.put("/catalog/items/03009001", monthly, platform.token("administrator"))


async def waive(platform: Platform, start: date, reason: str | None, **who: str) -> httpx.Response:
    """Waive the duty of a month, as the county's administrator when nobody else is named."""
    path = f"/catalog/duties/{VILLAGE}/items/27002001/periods/{start}"
    return await platform.client.put(path, json={"waived": reason}, headers=platform.token("administrator") | who)


async def test_the_county_waives_a_duty_and_no_village_its_own(seeded: Platform) -> None:
    await owed(seeded)
    today = clock.local_date(clock.now())
    start = today.replace(day=1)
    month = {"due_from": start.isoformat(), "due_until": (start + timedelta(31)).isoformat()}
    alone = await waive(seeded, start, "没有收支。", **seeded.token("administrator", region=VILLAGE))
    assert (alone.status_code, alone.json()["code"]) == (403, "forbidden")
    answer = await waive(seeded, start, "村级换届,与下月合并公开。")
    assert (answer.status_code, answer.headers["etag"]) == (201, '"v1"')
    first = (await asked(seeded, VILLAGE, **month))["items"][0]
    assert (first["period_start"], first["state"]) == (start.isoformat(), "waived")
    assert len((await asked(seeded, VILLAGE, state="waived", **month))["items"]) == 1
    assert (await waive(seeded, start, None, **{"If-Match": '"v1"'})).json()["version"] == 2
    assert (await asked(seeded, VILLAGE, **month))["counts"]["waived"] == 0


async def test_only_a_period_that_there_is_can_be_waived(seeded: Platform) -> None:
    await owed(seeded)
    answer = await waive(seeded, date(2026, 10, 2), "没有收支。")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "path.period_start")


@pytest.mark.parametrize(
    "params",
    [
        {"due_from": "2026-02-01", "due_until": "2026-01-01"},
        {"due_from": "2026-01-01", "due_until": "2027-06-01"},
        {"due_from": "1月"},
    ],
)
async def test_a_time_that_makes_no_sense_is_refused(seeded: Platform, params: dict[str, str]) -> None:
    assert (await seeded.client.get(f"/catalog/duties/{VILLAGE}", params=params)).status_code == 422


def _notice(notice: UUID) -> Any:
    return notice_published(notice).model_copy(update={"catalog_item": "27002001", "published_at": datetime.now(UTC)})
