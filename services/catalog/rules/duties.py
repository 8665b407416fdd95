"""What a region must publish by when, and whether it has.

A recurring limit (每季度的首个月20日) makes a duty in each of its periods: a month, a quarter, a year. A limit that
runs from something (作出决定之日起7个工作日内) makes one for each occasion that is recorded. Where a region names
several bodies (公开主体) of an item, each owes it. What goes public under the item, on the web or offline, meets all
duties that it falls into: on time by the due date, late after it. The county may waive the duty of a period. A limit
that holds under a condition (财务往来较多的) makes none: whether the condition holds, nobody has said.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from libs.common import regions
from libs.common.errors import Forbidden
from libs.common.permission import Actor
from libs.common.workdays import Calendar
from services.catalog.rules.time_limits import Recurrence, TimeLimits, Trigger

State = Literal["met", "late", "open", "overdue", "waived"]
STATES: tuple[State, ...] = ("met", "late", "open", "overdue", "waived")

LONGEST_PERIOD = timedelta(366)
AHEAD = timedelta(90)
"""How long before something that is known in advance a publication counts as being made for it."""


@dataclass(frozen=True)
class Published:
    """Something public under an item, and the day in China on which it became so.

    `document` is the id of a live document or notice, or `offline` the code of a disclosure without the web. `bodies`
    are the organisation that published it and those above; none: it counts for each body of its region.
    """

    document: str | None
    on: date
    offline: str | None = None
    bodies: Collection[str] = ()


@dataclass(frozen=True)
class Owing:
    """What a region owes of an item: its limits there, and the bodies that each owe it (none: the region does)."""

    limits: TimeLimits
    bodies: Sequence[str] = ()


@dataclass(frozen=True)
class Occasion:
    """Something happened, or will happen, that limits of an item run from. `body`: whose; None: of all that owe it."""

    code: str
    item: str
    trigger: Trigger
    on: date
    body: str | None = None


@dataclass(frozen=True)
class Duty:
    """One item that is due on one day. `subject` is the part of it, where the limit is for a part.

    `period_start` is the first day of its period, or the day of its occasion. `provisional`: no notice has settled yet
    on which of the days until `due_on` offices work.
    """

    item: str
    subject: str | None
    period_start: date
    due_on: date
    state: State
    met_on: date | None = None
    document: str | None = None
    offline_disclosure: str | None = None
    organisation: str | None = None
    occasion: str | None = None
    provisional: bool = False


Waived = Collection[tuple[str, date]]
"""The items and the first days of the periods whose duty is waived."""


@dataclass(frozen=True)
class Time:
    """The days between which duties are due, both counted, and the day on which they are looked at."""

    first: date
    last: date
    today: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def duties(
    items: Mapping[str, Owing],
    published: Mapping[str, Sequence[Published]],
    time: Time,
    calendar: Calendar,
    *,
    occasions: Iterable[Occasion] = (),
    waived: Waived = frozenset(),
) -> Iterator[Duty]:
    """The duties of `items` that are due in `time`, by day and item.

    `published` holds what is public under each item, oldest first.
    """
    found = [
        *_recurring(items, published, time, waived),
        *_occasional(items, published, time, calendar, occasions),
    ]
    return iter(sorted(found, key=lambda duty: (duty.due_on, duty.item, duty.organisation or "", duty.subject or "")))


def _recurring(
    items: Mapping[str, Owing], published: Mapping[str, Sequence[Published]], time: Time, waived: Waived
) -> Iterator[Duty]:
    for item, owing in items.items():
        limits = [limit for limit in owing.limits.limits if limit.recurrence and not limit.conditional]
        for body in (owing.bodies or (None,)) if limits else ():
            counted = _of(body, published.get(item, ()))
            for limit in limits:
                assert limit.recurrence is not None
                for (start, due), (following, _) in pairwise(_periods(limit.recurrence, time.first, time.last)):
                    if due <= time.last:
                        met = _first(counted, start, following)
                        free = met is None and (item, start) in waived
                        state: State = "waived" if free else _state(met, due, time.today)
                        yield Duty(item, limit.subject, start, due, state, *_by(met), body)


def _occasional(
    items: Mapping[str, Owing],
    published: Mapping[str, Sequence[Published]],
    time: Time,
    calendar: Calendar,
    occasions: Iterable[Occasion],
) -> Iterator[Duty]:
    for occasion in occasions:
        owing = items.get(occasion.item)
        for limit in owing.limits.limits if owing else ():
            deadline = limit.due(occasion.on, calendar) if limit.trigger is occasion.trigger else None
            if owing is None or deadline is None or deadline.on not in time or limit.conditional:
                continue
            since = occasion.on - AHEAD if occasion.trigger is Trigger.BEFORE else occasion.on
            for body in (occasion.body,) if occasion.body else (owing.bodies or (None,)):
                met = _first(_of(body, published.get(occasion.item, ())), since, date.max)
                state = _state(met, deadline.on, time.today)
                yield Duty(
                    occasion.item,
                    limit.subject,
                    occasion.on,
                    deadline.on,
                    state,
                    *_by(met),
                    body,
                    occasion.code,
                    deadline.provisional,
                )


@lru_cache(maxsize=4096)
def _periods(recurrence: Recurrence, first: date, last: date) -> Sequence[tuple[date, date]]:
    """Those that are due in a time and the one after them; regions by the hundred ask for the same."""
    return tuple(recurrence.dates(first, last + LONGEST_PERIOD))


def _of(body: str | None, published: Sequence[Published]) -> Sequence[Published]:
    if body is None:
        return published
    return [one for one in published if not one.bodies or body in one.bodies]


def _first(published: Sequence[Published], since: date, before: date) -> Published | None:
    place = bisect_left(published, since, key=lambda one: one.on)
    return published[place] if place < len(published) and published[place].on < before else None


def _by(met: Published | None) -> tuple[date | None, str | None, str | None]:
    return (met.on, met.document, met.offline) if met else (None, None, None)


def _state(met: Published | None, due: date, today: date) -> State:
    if met is None:
        return "overdue" if today > due else "open"
    return "met" if met.on <= due else "late"


def counted(found: Iterable[Duty]) -> dict[State, int]:
    """How many duties are in each state."""
    counts = dict.fromkeys(STATES, 0)
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
