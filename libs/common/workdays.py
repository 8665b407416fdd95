"""Working days with make-up days, and the four clocks that disclosure rules count with.

Sources: 《全国年节及纪念日放假办法》 (revision of 2024-11-10) for the statutory days, and the yearly notice
of the General Office of the State Council, which moves rest days and names the weekends worked instead.

The day of the event is not counted, and a limit ends with its last day (《民法典》 art. 201 and 203).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Self

from chinese_calendar import holidays as packaged_rest_days
from chinese_calendar import workdays as packaged_workdays
from pydantic import BaseModel, Field, TypeAdapter

_DAY = timedelta(days=1)
_SATURDAY = 5

# Art. 2 of the 2024 revision, without the four festivals of the lunar and solar-term calendar: their dates
# are left to the notice. Used only for years that no notice covers.
_FIXED_STATUTORY_DAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


@dataclass(frozen=True)
class Deadline:
    """The last day of a limit; `provisional` when it rests on days that no notice has settled yet."""

    on: date
    provisional: bool


class _Day(BaseModel):
    on: date = Field(alias="date")
    is_off: bool = Field(alias="isOffDay")


class Notice(BaseModel):
    """One yearly notice in the format of NateScarlet/holiday-cn; names and papers are not read.

    `year` is the year that the notice arranges. Its days may reach into the December before.
    """

    year: int
    days: list[_Day]

    def is_complete(self) -> bool:
        """Whether the State Council has spoken: every notice arranges the National Day.

        holiday-cn publishes an empty file before the notice is out, and a patch names only a few days (a
        regional festival, the longer Spring Festival of 2020). Neither settles its year.
        """
        return any(day.is_off and day.on == date(self.year, 10, 1) for day in self.days)


class Calendar:
    """Tells working days from rest days.

    Knows what the `chinese_calendar` package knows; each day that a notice lists replaces what the package
    says of it. Other years have weekends and the fixed statutory days, and deadlines in them are provisional.
    """

    def __init__(self, notices: Iterable[Notice] = ()) -> None:
        exceptions: dict[date, bool] = dict.fromkeys(packaged_rest_days, False)
        exceptions.update(dict.fromkeys(packaged_workdays, True))
        years = {day.year for day in packaged_rest_days}
        for notice in notices:
            exceptions.update({day.on: not day.is_off for day in notice.days})
            if notice.is_complete():
                years.add(notice.year)
        self._exceptions: Mapping[date, bool] = exceptions
        self._years = frozenset(years)

    @cached_property
    def fingerprint(self) -> str:
        """Another one when any day is another one: what was counted with another calendar is to be counted again."""
        said = repr((sorted(self._exceptions.items()), sorted(self._years)))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @classmethod
    def load(cls, path: Path | None) -> Self:
        """The calendar with the notices of a JSON file: one holiday-cn object or a list of them.

        Raises ValueError when the file is not in that format, and OSError when it cannot be read.
        """
        if path is None:
            return cls()
        content = json.loads(path.read_text(encoding="utf-8"))
        notices = content if isinstance(content, list) else [content]
        return cls(TypeAdapter(list[Notice]).validate_python(notices))

    def known(self, year: int) -> bool:
        """Whether the notice of that year is in the data."""
        return year in self._years

    def is_workday(self, day: date) -> bool:
        """Whether offices work on that day; in years that are not `known`, whether they probably do."""
        if isinstance(day, datetime):
            raise TypeError("Ask about a date: on which date a moment falls depends on the time zone.")
        exception = self._exceptions.get(day)
        if exception is not None:
            return exception
        if day.weekday() >= _SATURDAY:
            return False
        return self.known(day.year) or (day.month, day.day) not in _FIXED_STATUTORY_DAYS

    def add_workdays(self, start: date, amount: int) -> Deadline:
        """The day on which `amount` working days after `start` end; `start` itself is not counted.

        With an amount of 0 the limit ends on `start`, working day or not (rules that say "at once").
        """
        if amount < 0:
            raise ValueError("A number of working days cannot be negative.")
        day, left, provisional = start, amount, not self._settled(start)
        while left:
            day += _DAY
            provisional = provisional or not self._settled(day)
            left -= self.is_workday(day)
        return Deadline(day, provisional)

    def _settled(self, day: date) -> bool:
        # The New Year holiday of the next notice has moved rest days as early as 29 December.
        turn_of_year = (day.month, day.day) >= (12, 25)
        return self.known(day.year) and (not turn_of_year or self.known(day.year + 1))


@dataclass(frozen=True)
class _Amount:
    n: int

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError(f"{type(self).__name__} cannot be negative.")


class WorkingDays(_Amount):
    """A limit in working days (工作日), such as the 20 of 《政府信息公开条例》 art. 26 and 33."""

    def after(self, day: date, calendar: Calendar) -> Deadline:
        """The last day of the limit; the day of the event is not counted."""
        return calendar.add_workdays(day, self.n)


class CalendarDays(_Amount):
    """A limit in days of the calendar (日), such as the 20 of 《预算法》 art. 14."""

    def after(self, day: date, calendar: Calendar) -> Deadline:
        """The last day of the limit; a rest day moves it to the next working day (《民法典》 art. 203)."""
        last = day + self.n * _DAY
        return calendar.add_workdays(last, 0 if calendar.is_workday(last) else 1)


class RunningHours(_Amount):
    """A limit in hours (小时) that runs through nights and holidays, such as the 48 of a public response."""

    def after(self, moment: datetime) -> datetime:
        """The moment at which the limit ends, in the time zone of `moment`; a naive one raises ValueError."""
        if moment.tzinfo is None:
            raise ValueError("Hours run from a moment with a time zone.")
        # Through UTC, because Python adds wall-clock time inside one zone.
        return (moment.astimezone(UTC) + timedelta(hours=self.n)).astimezone(moment.tzinfo)


class VisibleDays(_Amount):
    """A time of public display (公示不少于 N 日), in days of the calendar: a minimum, not a limit to act."""

    def until(self, day: date) -> date:
        """The last day on which the thing must still be visible; the day it was put up is not counted."""
        return day + self.n * _DAY
