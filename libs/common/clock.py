"""The clock. Only doors and workers read it; commands and rules are given `now`."""

from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The whole country keeps one time without daylight saving."""


def now() -> datetime:
    """This moment, in UTC, with its zone."""
    return datetime.now(UTC)


def local_date(moment: datetime) -> date:
    """The calendar day in China on which `moment` falls: statutory days are counted in these."""
    return moment.astimezone(CHINA).date()
