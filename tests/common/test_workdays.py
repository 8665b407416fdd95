"""Working days against the official calendars of 2025 and 2026, and the four clocks."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.workdays import Calendar, CalendarDays, Deadline, RunningHours, VisibleDays, WorkingDays

CALENDAR = Calendar()


@pytest.mark.parametrize(
    ("start", "amount", "end"),
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
def test_limits_follow_the_state_council_calendar(start: str, amount: int, end: str) -> None:
    expected = Deadline(date.fromisoformat(end), provisional=False)
    assert CALENDAR.add_workdays(date.fromisoformat(start), amount) == expected
    assert WorkingDays(amount).after(date.fromisoformat(start), CALENDAR) == expected


@pytest.mark.parametrize("day", ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"])
def test_make_up_weekends_are_worked(day: str) -> None:
    made_up = date.fromisoformat(f"2026-{day}")
    assert made_up.weekday() >= 5
    assert CALENDAR.is_workday(made_up)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("01-01", "01-03"),
        ("02-15", "02-23"),
        ("04-04", "04-06"),
        ("05-01", "05-05"),
        ("06-19", "06-21"),
        ("09-25", "09-27"),
        ("10-01", "10-07"),
    ],
)
def test_holidays_are_rest_days(first: str, last: str) -> None:
    day = date.fromisoformat(f"2026-{first}")
    while day <= date.fromisoformat(f"2026-{last}"):
        assert not CALENDAR.is_workday(day)
        day += timedelta(days=1)


def test_zero_working_days_end_on_the_day_itself() -> None:
    assert CALENDAR.add_workdays(date(2026, 10, 3), 0).on == date(2026, 10, 3)


def test_years_without_a_notice_are_guessed_and_marked() -> None:
    assert CALENDAR.known(2026)
    assert not CALENDAR.known(2027)
    assert not CALENDAR.is_workday(date(2027, 10, 1))  # a Friday, statutory
    assert CALENDAR.is_workday(date(2027, 10, 8))
    assert CALENDAR.add_workdays(date(2027, 3, 1), 20) == Deadline(date(2027, 3, 29), provisional=True)
    assert CALENDAR.add_workdays(date(2026, 12, 20), 10).provisional


def test_the_last_week_of_a_year_waits_for_the_next_notice() -> None:
    # The notice for 2019 made 29 December 2018 a working day and 31 December a rest day.
    assert CALENDAR.add_workdays(date(2018, 12, 28), 1) == Deadline(date(2018, 12, 29), provisional=False)
    assert CALENDAR.add_workdays(date(2026, 12, 21), 3) == Deadline(date(2026, 12, 24), provisional=False)
    assert CALENDAR.add_workdays(date(2026, 12, 21), 4) == Deadline(date(2026, 12, 25), provisional=True)


def notice(year: int, **days: bool) -> dict[str, object]:
    """A notice with days such as `m10_01=True`, in the format of holiday-cn."""
    listed = [
        {"name": "x", "date": f"{year}-{name[1:].replace('_', '-')}", "isOffDay": off} for name, off in days.items()
    ]
    return {"$schema": "ignored", "year": year, "papers": [], "days": listed}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "holidays.json"


def test_a_file_settles_its_year(data: Path) -> None:
    arranged = notice(2027, m02_08=True, m02_20=False, m10_01=True)
    data.write_text(json.dumps(arranged), encoding="utf-8")
    calendar = Calendar.load(data)
    assert calendar.known(2027)
    assert not calendar.is_workday(date(2027, 2, 8))
    assert calendar.is_workday(date(2027, 2, 20))
    assert calendar.add_workdays(date(2027, 2, 5), 1) == Deadline(date(2027, 2, 9), provisional=False)
    assert not calendar.add_workdays(date(2026, 12, 20), 10).provisional


def test_a_file_may_hold_many_notices_and_corrects_the_package(data: Path) -> None:
    notices = [notice(2026, m03_03=True), notice(2027, m10_01=True), notice(2028, m10_01=True)]
    data.write_text(json.dumps(notices), encoding="utf-8")
    calendar = Calendar.load(data)
    assert not calendar.is_workday(date(2026, 3, 3))
    assert calendar.is_workday(date(2026, 2, 14))
    assert calendar.known(2027)
    assert calendar.known(2028)


@pytest.mark.parametrize("partial", [notice(2027), notice(2027, m03_30=True)])
def test_an_empty_or_partial_file_settles_nothing(data: Path, partial: dict[str, object]) -> None:
    data.write_text(json.dumps(partial), encoding="utf-8")
    assert not Calendar.load(data).known(2027)


@pytest.mark.parametrize("content", ["", "{}", '{"year": 2027, "days": [{"date": "soon", "isOffDay": true}]}'])
def test_a_malformed_file_is_refused(data: Path, content: str) -> None:
    data.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence comes from the parser
        Calendar.load(data)


def test_without_a_file_the_package_speaks() -> None:
    assert Calendar.load(None).known(2026)


def test_a_moment_is_not_a_date() -> None:
    with pytest.raises(TypeError, match="time zone"):
        CALENDAR.is_workday(datetime(2026, 3, 2, tzinfo=UTC))


def test_calendar_days_move_off_rest_days() -> None:
    assert CalendarDays(20).after(date(2026, 3, 2), CALENDAR).on == date(2026, 3, 23)  # 22 March is a Sunday
    assert CalendarDays(20).after(date(2026, 3, 3), CALENDAR).on == date(2026, 3, 23)
    assert CalendarDays(20).after(date(2026, 9, 12), CALENDAR).on == date(2026, 10, 8)
    assert CalendarDays(3).after(date(2026, 5, 6), CALENDAR).on == date(2026, 5, 9)  # a Saturday that is worked
    assert CalendarDays(3).after(date(2026, 12, 24), CALENDAR).provisional


def test_hours_run_through_the_night_and_the_clock_change() -> None:
    china = timezone(timedelta(hours=8))
    assert RunningHours(48).after(datetime(2026, 10, 1, 9, tzinfo=china)) == datetime(2026, 10, 3, 9, tzinfo=china)
    berlin = ZoneInfo("Europe/Berlin")
    ended = RunningHours(24).after(datetime(2026, 3, 28, 12, tzinfo=berlin))
    assert (ended.hour, ended.tzinfo) == (13, berlin)
    with pytest.raises(ValueError, match="time zone"):
        RunningHours(5).after(datetime(2026, 3, 28, 12))  # noqa: DTZ001 - the point of the test


def test_a_display_lasts_full_days_after_it_was_put_up() -> None:
    assert VisibleDays(5).until(date(2026, 9, 30)) == date(2026, 10, 5)


@pytest.mark.parametrize("clock", [WorkingDays, CalendarDays, RunningHours, VisibleDays])
def test_no_clock_runs_backwards(clock: type[WorkingDays]) -> None:
    with pytest.raises(ValueError, match="negative"):
        clock(-1)
    with pytest.raises(ValueError, match="negative"):
        CALENDAR.add_workdays(date(2026, 3, 2), -1)


def test_the_clocks_are_different_things() -> None:
    assert len({WorkingDays(5), CalendarDays(5), RunningHours(5), VisibleDays(5), WorkingDays(5)}) == 4


@given(st.dates(date(2005, 1, 1), date(2026, 6, 1)), st.integers(1, 60), st.integers(1, 60))
def test_limits_add_up(start: date, first: int, second: int) -> None:
    middle = CALENDAR.add_workdays(start, first).on
    assert CALENDAR.is_workday(middle)
    assert CALENDAR.add_workdays(middle, second) == CALENDAR.add_workdays(start, first + second)
