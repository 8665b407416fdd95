"""Time limits: every wording of the field is read into rules, and what is not understood is handed back."""

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.workdays import Calendar
from services.catalog.rules.time_limits import MOST_AMOUNT, Limit, Recurrence, Span, Trigger, Unit
from services.catalog.rules.wordings import read

CALENDAR = Calendar()
ITEMS = Path(__file__).parents[2] / "demo" / "items.csv"

# A limit as written here: subject | trigger (event) | within | the rest.
WORDINGS = {
    "信息形成或者变更之日起20个工作日内": ["formed 20 workday"],
    "自该政府信息形成或者变更之日起20个工作日内及时公开": ["formed 20 workday"],
    "信息形成之日起二十个工作日内": ["formed 20 workday"],
    "20工作日": ["formed 20 workday"],
    "信息形成或变更之日起20个工作日内。法律、法规另有规定的从其规定": ["formed 20 workday"],
    "信息形成(变更)下发至本单位20个工作日内": ["received(下发至本单位) 20 workday"],
    "作出行政决定之日起7个工作日内": ["decided 7 workday"],
    "制定或获取信息之日起10个工作日内,公示7个工作日": ["obtained 10 workday, display 7 workday"],
    "信息形成(变更)3个工作日内,公示时间不少于7个工作日": ["formed 3 workday, display 7 workday"],
    "批准后20日内": ["approved 20 day"],
    "本级人民代表大会或其常务委员会批准后20日内(自然日)": ["approved(本级人民代表大会或其常务委员会) 20 day"],
    "收到征地批准文件之日起10个工作日内": ["received(征地批准文件) 10 workday"],
    "现状调查结束后5个工作日内在村公示栏公开": ["event(现状调查结束) 5 workday"],
    "预公告不少于10个工作日": ["display 10 workday"],
    "公告至少30日": ["display 30 day"],
    "征求意见期限不得少于30日;征求意见情况及时公布": ["display 30 day", "征求意见情况: formed 0 day"],
    "自收到申请之日起20个工作日内": ["requested 20 workday"],
    "公告时间不少于30日;听证通知书在组织听证7个工作日前": ["display 30 day", "听证通知书: before(组织听证) 7 workday"],
    "出让公告至少在拍卖挂牌前20日发布": ["出让公告: before(拍卖挂牌) 20 day"],
    "会议召开10日前公布": ["before(会议召开) 10 day"],
    "提前一周发通知邀请": ["发通知邀请: before 7 day"],
    "实时公开": ["formed 0 day"],
    "按进展情况及时公开": ["formed 0 day"],
    "同政策文件同步发布": ["event(政策文件) 0 day"],
    "启动拟征收土地工作时在村公示栏公开,预公告不少于10个工作日": [
        "event(启动拟征收土地工作) 0 day, display 10 workday"
    ],
    "长期公开(动态调整)": ["permanent"],
    "永久公开": ["permanent"],
    "除处罚决定外其他内容长期公开(动态调整);处罚决定20个工作日内": [
        "除处罚决定外其他内容: permanent",
        "处罚决定: formed 20 workday",
    ],
    "每季度的首个月20日": ["quarter 1-20"],
    "每月": ["month 0-0"],
    "每年1月31日前": ["year 1-31"],
    "每年3月底前公开": ["year 3-0"],
    "半年至少更新1次": ["half_year 0-0"],
    "每20个工作日内更新": ["interval 20 workday"],
    "每季度的首个月20日;集体财务往来较多的,财务收支情况每月公布一次": [
        "quarter 1-20",
        "集体财务往来较多的,财务收支情况: month 0-0",
    ],
    "定期公告(企业或单位每季公告一次,个体工商户和个人每半年公告一次)": [
        "企业或单位: quarter 0-0",
        "个体工商户和个人: half_year 0-0",
    ],
    "信息形成之日起20个工作日内;其中行政许可、行政处罚决定自作出之日起7个工作日内": [
        "formed 20 workday",
        "行政许可、行政处罚决定: decided 7 workday",
    ],
    "作出决定之日起7个工作日内;情况复杂经批准可延长7个工作日;企业处罚公示满5年、个人满3年不再公示": [
        "decided 7 workday, extension 7 workday",
        "企业处罚公示: take_down 5 year",
        "个人: take_down 3 year",
    ],
}
UNREAD = {
    "定期": ["定期"],
    "不定期公开": ["不定期公开"],
    "信息形成之日起20个工作日内;视情况公开": ["视情况公开"],
    "自领导签字之日起20个工作日内": ["自领导签字之日起20个工作日内"],
    "行政处罚决定形成之日起20个工作日内(食药原规定,现按7个工作日执行)": ["食药原规定", "现按7个工作日执行"],
}


def _written(limit: Limit) -> str:
    named = f"({limit.event})" if limit.event else ""
    parts = [f"{limit.trigger}{named} {limit.within.amount} {limit.within.unit}"] if limit.within else []
    for name in ("display", "extension", "interval", "take_down"):
        if span := getattr(limit, name):
            parts.append(f"{name} {span.amount} {span.unit}")
    if limit.recurrence:
        parts.append(f"{limit.recurrence.every} {limit.recurrence.month}-{limit.recurrence.day}")
    if limit.permanent:
        parts.append("permanent")
    return (f"{limit.subject}: " if limit.subject else "") + ", ".join(parts)


@pytest.mark.parametrize("wording", WORDINGS)
def test_a_wording_is_read_into_its_limits(wording: str) -> None:
    found = read(wording)
    assert [_written(limit) for limit in found.limits] == WORDINGS[wording]
    assert found.unread == ()


@pytest.mark.parametrize("wording", UNREAD)
def test_what_is_not_understood_is_handed_back(wording: str) -> None:
    assert list(read(wording).unread) == UNREAD[wording]


def test_full_width_signs_and_spaces_make_no_difference() -> None:
    plain = read("信息形成(变更)20个工作日内;每月").limits
    assert read("信息形成\uff08变更\uff09 20 个工作日内\uff1b每月").limits == plain


def test_the_standard_catalog_is_read_but_for_what_sets_no_limit() -> None:
    with ITEMS.open(encoding="utf-8") as file:
        wordings = {row["time_limit"] for row in csv.DictReader(file)}
    assert {clause for wording in wordings for clause in read(wording).unread} == {
        "定期",
        "集体经济组织向成员公布收支状况",
        "民主评议后在自然村、社区范围内公示",
        "食药原规定",
        "现按7个工作日执行",
    }


@given(st.text("信息形成变更之日起20个工作内公开示,;。()每季度首月的自收到及时满年不再随", max_size=60))
def test_any_text_is_read_or_handed_back(text: str) -> None:
    found = read(text)
    assert all(limit.wording and (limit.within is None or limit.within.amount <= MOST_AMOUNT) for limit in found.limits)
    assert all(found.unread)


# 国办 notice for 2026; the fixtures agree with holiday-cn and chinesecalendar 1.11.0.
@pytest.mark.parametrize(
    ("day", "amount", "due"),
    [
        ("2026-02-10", 20, "2026-03-16"),
        ("2026-02-10", 7, "2026-02-26"),
        ("2026-04-28", 20, "2026-05-28"),
        ("2026-09-18", 20, "2026-10-22"),
        ("2026-09-18", 15, "2026-10-15"),
        ("2026-01-04", 7, "2026-01-13"),
        ("2025-09-26", 20, "2025-10-30"),
        ("2025-12-25", 20, "2026-01-23"),
    ],
)
def test_a_limit_in_working_days_ends_after_make_up_days(day: str, amount: int, due: str) -> None:
    [limit] = read(f"信息形成之日起{amount}个工作日内").limits
    deadline = limit.due(date.fromisoformat(day), CALENDAR)
    assert deadline is not None
    assert deadline.on == date.fromisoformat(due)


def test_budgets_count_days_of_the_calendar() -> None:
    [limit] = read("批准后20日内").limits
    deadline = limit.due(date(2026, 9, 12), CALENDAR)
    assert deadline is not None
    assert deadline.on == date(2026, 10, 8)  # 2 October is a rest day: the first working day after the holiday


def test_a_limit_before_something_is_counted_back() -> None:
    limit = Limit(wording="", trigger=Trigger.BEFORE, within=Span(amount=7, unit=Unit.WORKDAY))
    deadline = limit.due(date(2026, 3, 2), CALENDAR)
    assert deadline is not None
    # 28 February is worked instead of a day of the Spring Festival, which ends on the 23rd.
    assert deadline.on == date(2026, 2, 13)


@pytest.mark.parametrize(
    ("recurrence", "due"),
    [
        (Recurrence(every="quarter", month=1, day=20), ["2026-01-20", "2026-04-20", "2026-07-20", "2026-10-20"]),
        (Recurrence(every="year", month=1, day=31), ["2026-01-31"]),
        (Recurrence(every="half_year"), ["2026-06-30", "2026-12-31"]),
        (Recurrence(every="year", month=2, day=30), ["2026-02-28"]),
    ],
)
def test_what_recurs_is_due_in_every_period(recurrence: Recurrence, due: list[str]) -> None:
    found = list(recurrence.dates(date(2026, 1, 1), date(2026, 12, 31)))
    assert [day.isoformat() for _, day in found] == due


def test_a_period_is_told_with_its_due_date() -> None:
    [(start, due)] = Recurrence(every="month").dates(date(2026, 2, 5), date(2026, 3, 30))
    assert (start, due) == (date(2026, 2, 1), date(2026, 2, 28))
