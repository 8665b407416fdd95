"""What a region must publish again and again, by when, and whether it has.

A recurring limit (每季度的首个月20日) makes a duty in each of its periods: a month, a quarter, a year. What goes
public under the item in a period meets the duty of that period, on the web or offline: on time by the due date, late
after it. The county may waive one. A limit that holds under a condition (财务往来较多的) makes none: whether the
condition holds, nobody has said.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

from libs.common import regions
from libs.common.errors import Forbidden
from libs.common.permission import Actor
from services.catalog.rules.time_limits import Recurrence, TimeLimits

State = Literal["met", "late", "open", "overdue", "waived"]

LONGEST_PERIOD = timedelta(366)


@dataclass(frozen=True)
class Published:
    """Something public under an item, and the day in China on which it became so.

    `document` is the id of a live document or notice, or `offline` the code of a disclosure without the web.
    """

    document: str | None
    on: date
    offline: str | None = None


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
    offline_disclosure: str | None = None


Waived = Collection[tuple[str, date]]
"""The items and the first days of the periods whose duty is waived."""


def duties(
    items: Mapping[str, TimeLimits],
    published: Mapping[str, Sequence[Published]],
    first: date,
    last: date,
    today: date,
    waived: Waived = frozenset(),
) -> Iterator[Duty]:
    """The duties of `items` that are due between `first` and `last`, by day and item.

    `published` holds what is public under each item, oldest first.
    """
    found = (
        duty
        for code, limits in items.items()
        for limit in limits.limits
        if limit.recurrence and not limit.conditional
        for duty in _of(code, limit.subject, limit.recurrence, published.get(code, ()), first, last, today, waived)
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
    waived: Waived,
) -> Iterator[Duty]:
    days = [one.on for one in published]
    periods = list(recurrence.dates(first, last + LONGEST_PERIOD))
    for (start, due), (following, _) in pairwise(periods):
        if due <= last:
            place = bisect_left(days, start)
            met = published[place] if place < len(days) and days[place] < following else None
            by = (met.on, met.document, met.offline) if met else ()
            state = "waived" if met is None and (item, start) in waived else _state(met, due, today)
            yield Duty(item, subject, start, due, state, *by)


def _state(met: Published | None, due: date, today: date) -> State:
    if met is None:
        return "overdue" if today > due else "open"
    return "met" if met.on <= due else "late"


def counted(found: Iterable[Duty]) -> dict[State, int]:
    """How many duties are in each state."""
    counts: dict[State, int] = {"met": 0, "late": 0, "open": 0, "overdue": 0, "waived": 0}
    for duty in found:
        counts[duty.state] += 1
    return counts


def begins_a_period(limits: TimeLimits, day: date) -> bool:
    """Whether one of the duties that recur under `limits` has a period that begins on `day`."""
    recurring = (limit.recurrence for limit in limits.limits if limit.recurrence and not limit.conditional)
    return any(start == day for each in recurring for start, _ in each.dates(day, day + LONGEST_PERIOD))


def check_waives(actor: Actor) -> None:
    """Raise Forbidden below the county: nobody releases themselves, the county supervises."""
    if regions.level(actor.region) in ("town", "village"):
        raise Forbidden("免予公开由县级政务公开主管部门决定,乡镇、村不能自行免除。")
