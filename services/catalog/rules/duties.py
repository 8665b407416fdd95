"""What a region must publish again and again, by when, and whether it has.

A recurring limit (每季度的首个月20日) makes a duty in each of its periods: a month, a quarter, a year. What goes
public under the item in a period meets the duty of that period: on time by the due date, late after it. A limit that
holds under a condition (财务往来较多的) makes none: whether the condition holds, nobody has said.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from services.catalog.rules.time_limits import Recurrence, TimeLimits

State = Literal["met", "late", "open", "overdue"]

LONGEST_PERIOD = timedelta(366)


@dataclass(frozen=True)
class Published:
    """Something live under an item, and the day in China on which it went public."""

    document: str
    on: date


@dataclass(frozen=True)
class Duty:
    """One item that is due on one day. `subject` is the part of it, where the limit is for a part."""

    item: str
    subject: str | None
    period_start: date
    due_on: date
    state: State
    met_on: date | None = None
    document: str | None = None


def duties(
    items: Mapping[str, TimeLimits],
    published: Mapping[str, Sequence[Published]],
    first: date,
    last: date,
    today: date,
) -> Iterator[Duty]:
    """The duties of `items` that are due between `first` and `last`, by day and item.

    `published` holds what is live under each item, oldest first.
    """
    found = (
        duty
        for code, limits in items.items()
        for limit in limits.limits
        if limit.recurrence and not limit.conditional
        for duty in _of(code, limit.subject, limit.recurrence, published.get(code, ()), first, last, today)
    )
    return iter(sorted(found, key=lambda duty: (duty.due_on, duty.item, duty.subject or "")))


def _of(
    item: str,
    subject: str | None,
    recurrence: Recurrence,
    published: Sequence[Published],
    first: date,
    last: date,
    today: date,
) -> Iterator[Duty]:
    days = [one.on for one in published]
    periods = list(recurrence.dates(first, last + LONGEST_PERIOD))
    for (start, due), (following, _) in pairwise(periods):
        if due <= last:
            place = bisect_left(days, start)
            met = published[place] if place < len(days) and days[place] < following else None
            by = (met.on, met.document) if met else (None, None)
            yield Duty(item, subject, start, due, _state(met, due, today), *by)


def _state(met: Published | None, due: date, today: date) -> State:
    if met is None:
        return "overdue" if today > due else "open"
    return "met" if met.on <= due else "late"


def counted(found: Iterable[Duty]) -> dict[State, int]:
    """How many duties are in each state."""
    counts: dict[State, int] = {"met": 0, "late": 0, "open": 0, "overdue": 0}
    for duty in found:
        counts[duty.state] += 1
    return counts
