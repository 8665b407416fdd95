"""What a region owes in a time: read from its catalog, its occasions and what is public, and judged by the rules."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Protocol

import asyncpg

from libs.common import clock, regions
from libs.common.workdays import Calendar
from services.catalog import queries
from services.catalog.rules.duties import AHEAD, LONGEST_PERIOD, Duty, Occasion, Owing, Published, Time, duties
from services.catalog.rules.local_terms import in_effect
from services.catalog.rules.time_limits import TimeLimits, Trigger


class Reader(Protocol):
    """What answers queries: a pool or a connection."""

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """The rows."""
        ...


@dataclass(frozen=True)
class Owed:
    """The duties of a region in a time; of each item its field, and what is to be shown of it as JSON."""

    duties: Sequence[Duty]
    fields: Mapping[str, str]
    cards: Mapping[str, str]


async def owed(reader: Reader, region: str, level: str, field: str | None, asked: Time, calendar: Calendar) -> Owed:
    """The duties of a region of a level that are due in a time, of one field or of all."""
    line = [*regions.ancestors(region), region]
    cards = await reader.fetch(queries.OWED, region, level, field, line)
    codes = [card["code"] for card in cards]
    occasions = [
        Occasion(row["code"], row["item"], Trigger(row["trigger"]), row["happened_on"], row["organisation"])
        for row in await reader.fetch(queries.COUNTED_OCCASIONS, region, codes)
    ]
    since = min([asked.first - LONGEST_PERIOD, *(occasion.on - AHEAD for occasion in occasions)])
    published = await reader.fetch(queries.PUBLISHED_UNDER, region, codes, datetime.combine(since, time(), UTC))
    waived = {(row["item"], row["period_start"]) for row in await reader.fetch(queries.WAIVED, region, codes)}

    def judge() -> Sequence[Duty]:
        items = {card["code"]: Owing(_limits(card), card["bodies"]) for card in cards}
        return list(duties(items, _by_item(published), asked, calendar, occasions=occasions, waived=waived))

    # In a thread: of a county it may take half a second, and others wait for this loop.
    found = await asyncio.to_thread(judge)
    fields = {card["code"]: card["field"] for card in cards}
    return Owed(found, fields, {card["code"]: card["card"] for card in cards})


def _by_item(rows: Sequence[asyncpg.Record]) -> Mapping[str, Sequence[Published]]:
    published: dict[str, list[Published]] = {}
    for row in rows:
        on = row["disclosed_on"] or clock.local_date(row["published_at"])
        published.setdefault(row["item"], []).append(Published(row["document"], on, row["offline"], row["bodies"]))
    for under in published.values():
        under.sort(key=lambda one: one.on)
    return published


def _limits(card: asyncpg.Record) -> TimeLimits:
    own = (TimeLimits.model_validate_json(terms) if terms else None for terms in card["terms"])
    return in_effect(TimeLimits.model_validate_json(card["time_limits"]), own)
