"""Time limits (公开时限) as data: what starts a limit, how long it runs by which clock, and when it comes again.

An item may have several, each for a part of what it makes public: the guide within 20 working days, the result
within 7. They are read from the wording of the catalog (`services.catalog.rules.wordings`), which is kept beside them.
"""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from libs.common.workdays import Calendar, CalendarDays, Deadline, WorkingDays

_CONDITION = re.compile(r"(?:较多|较大|较少|复杂|特殊)的")

MOST_AMOUNT = 3650
"""No limit in the field is longer than ten years: a longer one is a slip of the pen."""


class Trigger(StrEnum):
    """What a limit runs from."""

    FORMED = "formed"
    """信息形成或者变更: also where nothing is said (《政府信息公开条例》 art. 26)."""
    OBTAINED = "obtained"
    """制作或获取."""
    DECIDED = "decided"
    """作出决定."""
    APPROVED = "approved"
    """批准, 批复."""
    RECEIVED = "received"
    """收到 something that another body made."""
    REQUESTED = "requested"
    """收到申请."""
    EVENT = "event"
    """Something else that the catalog names; `event` says what."""
    BEFORE = "before"
    """It ends before something that is known in advance; `event` says what."""


class Unit(StrEnum):
    """The clock of an amount (see `libs.common.workdays`)."""

    WORKDAY = "workday"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Span(BaseModel):
    """A length of time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: int = Field(ge=0, le=MOST_AMOUNT, examples=[20])
    unit: Unit = Field(examples=["workday"])

    def after(self, day: date, calendar: Calendar) -> Deadline:
        """The last day of the span; `day` itself is not counted."""
        if self.unit is Unit.WORKDAY:
            return WorkingDays(self.amount).after(day, calendar)
        if self.unit is Unit.DAY:
            return CalendarDays(self.amount).after(day, calendar)
        months = self.amount * (12 if self.unit is Unit.YEAR else 1)
        return CalendarDays((_months_later(day, months) - day).days).after(day, calendar)

    def before(self, day: date, calendar: Calendar) -> Deadline:
        """The last day on which the whole span still lies between it and `day`."""
        if self.unit is not Unit.WORKDAY:
            months = {Unit.MONTH: self.amount, Unit.YEAR: 12 * self.amount}.get(self.unit)
            return Deadline(_months_later(day, -months) if months else day - timedelta(self.amount), provisional=False)
        left, provisional = self.amount, False
        while left:
            day -= timedelta(1)
            provisional = provisional or not calendar.known(day.year)
            left -= calendar.is_workday(day)
        return Deadline(day, provisional)


class Recurrence(BaseModel):
    """It is due again and again: in every period, by a day of it or by its last one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every: Literal["month", "quarter", "half_year", "year"] = Field(examples=["quarter"])
    month: int = Field(
        0, ge=0, le=12, description="By a day of this month of the period; 0: by the period's last day.", examples=[1]
    )
    day: int = Field(0, ge=0, le=31, description="By this day of it; 0: by its last day.", examples=[20])

    def dates(self, first: date, last: date) -> Iterator[tuple[date, date]]:
        """The first day of every period that is due between `first` and `last`, both counted, and when it is due."""
        length = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}[self.every]
        start = date(first.year, (first.month - 1) // length * length + 1, 1)
        while start <= last:
            due = _last_of_month(_months_later(start, (self.month or length) - 1))
            if self.day:
                due = due.replace(day=min(self.day, due.day))
            if first <= due <= last:
                yield start, due
            start = _months_later(start, length)


class Limit(BaseModel):
    """One limit, for all that an item makes public or for a part of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wording: str = Field(
        description="The words that it was read from.", examples=["信息形成或者变更之日起20个工作日内"]
    )
    subject: str | None = Field(None, description="The part that it is for; null: all of it.", examples=[None])
    trigger: Trigger | None = Field(None, description="What it runs from.", examples=["formed"])
    event: str | None = Field(None, description="That in the catalog's words.", examples=[None])
    within: Span | None = Field(None, description="How long it may take; an amount of 0 is at once (及时, 实时).")
    extension: Span | None = Field(None, description="By how much it may be prolonged with approval.")
    recurrence: Recurrence | None = Field(None, description="When it comes again.")
    interval: Span | None = Field(None, description="It is renewed at least this often after each publication.")
    permanent: bool = Field(False, description="长期公开: it stays public and is kept up to date.")
    display: Span | None = Field(None, description="It must be on show for at least this long (公示).")
    take_down: Span | None = Field(None, description="It is no longer shown after this long.")

    @property
    def conditional(self) -> bool:
        """Whether it is only for those of whom something holds (财务往来较多的): nobody has said of whom."""
        return bool(self.subject and _CONDITION.search(self.subject))

    def due(self, on: date, calendar: Calendar) -> Deadline | None:
        """When what happened on `on` (or, for BEFORE, will happen) must be public; None when this sets no limit."""
        if self.within is None:
            return None
        if self.trigger is Trigger.BEFORE:
            return self.within.before(on, calendar)
        return self.within.after(on, calendar)


class TimeLimits(BaseModel):
    """The limits of a wording, and what of it could not be read: that is kept and never guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: tuple[Limit, ...] = ()
    unread: tuple[str, ...] = Field((), description="Parts of the wording that are not understood.", examples=[[]])


def _months_later(day: date, months: int) -> date:
    """The same day of another month, or the last one of a shorter month (《民法典》 art. 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    return first.replace(day=min(day.day, _last_of_month(first).day))


def _last_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
