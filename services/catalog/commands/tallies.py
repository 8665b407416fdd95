"""The act of counting a region anew: its coverage and duties by field and body, and what it is reminded of.

Sums are never moved up and down by ones: whatever touches a region marks it, and it is counted from the truth, so that
they cannot drift. What they were stays, by day.
"""

from dataclasses import astuple
from datetime import date, datetime

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import clock
from libs.common.db import calendar_of, driver_of
from libs.common.events import DutyReminder, ReminderIssued
from libs.common.outbox import emit
from services.catalog.queries import LEVEL, tallies
from services.catalog.queries.owing import owed
from services.catalog.rules.duties import STATES, Duty
from services.catalog.rules.tallies import MOST_REMINDED, Part, Sums, Urgency, by_month, counted_time, overdue, reminded


async def count_region(session: AsyncSession, region: str, now: datetime) -> None:
    """Count a region anew and take away its marks. On its first count of a day it is reminded of what is due."""
    driver, today, calendar = driver_of(session), clock.local_date(now), calendar_of(session)
    # Before anything is read: what is marked from here on is counted again.
    await driver.execute(tallies.UNMARK, region)
    level = await driver.fetchval(LEVEL, region)
    found = await owed(driver, region, level, None, counted_time(today), calendar)
    late = overdue(found.duties, found.fields)
    sums = {
        (row["field"], row["organisation"]): Sums(
            row["owed"],
            row["covered"],
            row["missing"],
            row["not_applicable"],
            late[row["field"], row["organisation"]],
            row["latest_published_at"],
        )
        for row in await driver.fetch(tallies.COUNT_COVERAGE, region, level)
    }
    await _keep(driver, region, sums, today)
    await driver.execute(tallies.FORGET_DUTIES, region)
    months = by_month(found.duties, found.fields).items()
    await driver.executemany(
        tallies.KEEP_DUTIES, [(region, *place, *(counts[state] for state in STATES)) for place, counts in months]
    )
    before: date | None = await driver.fetchval(tallies.COUNTED_BEFORE, region)
    await driver.execute(tallies.COUNTED, region, today, calendar.fingerprint)
    if before is not None and before < today:
        due = reminded(found.duties, today)
        if due:
            named = [_reminder(duty, urgency) for urgency, duty in due[:MOST_REMINDED]]
            more = len(due) - len(named)
            said = ReminderIssued(
                version=today.toordinal(), at=now, reminder=f"{region}-duties", region=region, duties=named, more=more
            )
            await emit(session, said)


def _reminder(duty: Duty, urgency: Urgency) -> DutyReminder:
    said = {name: getattr(duty, name) for name in ("item", "subject", "organisation", "due_on")}
    return DutyReminder(urgency=urgency, **said)


async def _keep(driver: asyncpg.Connection, region: str, sums: dict[Part, Sums], today: date) -> None:
    """What has changed is ended and begun on this day; a day has the sums of its last count."""
    before = {
        (row["field"], row["organisation"]): Sums(*list(row.values())[3:])
        for row in await driver.fetch(tallies.CURRENT, region)
    }
    changed = [part for part, one in sums.items() if before.get(part) != one]
    ended = [part for part in before if sums.get(part) != before[part]]
    await driver.executemany(tallies.ENDED, [(region, *part, today) for part in ended])
    await driver.executemany(tallies.BEGUN, [(region, *part, today, *astuple(sums[part])) for part in changed])
