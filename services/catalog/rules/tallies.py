"""Sums of a region's coverage and duties, by field and body; and of what it is reminded."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from services.catalog.rules.duties import Duty, State, Time

Part = tuple[str, str]
"""A field and a body; "" for what the region owes as one."""

REMIND_DAYS = (7, 1)
"""How many days before a due date a region is reminded of what is still open."""
MOST_REMINDED = 400
"""Duties in one reminder, so that it always fits into one event; the rest stands in the list of duties."""

Urgency = Literal["soon", "today", "missed"]


@dataclass(frozen=True)
class Sums:
    """What a region owes in a part, and what it has."""

    owed: int
    covered: int
    missing: int
    not_applicable: int
    overdue: int
    latest_published_at: datetime | None


def counted_time(today: date) -> Time:
    """When the duties are due that are counted: from the first day of last year to the last of this one."""
    return Time(date(today.year - 1, 1, 1), date(today.year, 12, 31), today)


def by_month(duties: Iterable[Duty], fields: Mapping[str, str]) -> dict[tuple[str, str, date], Counter[State]]:
    """How many duties of each field and body are in each state, by the month in which they are due."""
    counts: dict[tuple[str, str, date], Counter[State]] = {}
    for duty in duties:
        place = fields[duty.item], duty.organisation or "", duty.due_on.replace(day=1)
        counts.setdefault(place, Counter())[duty.state] += 1
    return counts


def overdue(duties: Iterable[Duty], fields: Mapping[str, str]) -> Counter[Part]:
    """How many duties of each field and body are missed."""
    return Counter((fields[duty.item], duty.organisation or "") for duty in duties if duty.state == "overdue")


def reminded(duties: Iterable[Duty], today: date) -> list[tuple[Urgency, Duty]]:
    """What a region is reminded of on a day: open and due in a week, tomorrow or today; missed since yesterday."""
    soon = {today + timedelta(days) for days in REMIND_DAYS}
    found: list[tuple[Urgency, Duty]] = []
    for duty in duties:
        if duty.state == "open" and (duty.due_on in soon or duty.due_on == today):
            found.append(("today" if duty.due_on == today else "soon", duty))
        elif duty.state == "overdue" and duty.due_on == today - timedelta(1):
            found.append(("missed", duty))
    return found
