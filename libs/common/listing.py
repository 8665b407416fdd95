"""Listings without fan-out: one row per entry, and a region's listing is a merge of a few index ranges.

Publication and village_affairs both keep such a read model. An entry stands under its own region; it may
reach down to all towns or villages of its region, or to named ones. Whatever the reach, publishing writes one
row (and one per region named), and reading merges at most four ranges, newest first, from a keyset position.
Each row keeps the entry's JSON as it is served, so a page is put together without parsing anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from libs.common import regions
from libs.common.db import driver_of
from libs.common.events import Reach
from libs.common.paging import Cursors
from libs.common.projections import ProjectedTable, Row, Rows
from libs.common.read_pool import ReadPool
from libs.common.regions import Level

Scope = Literal["own", "reached", "below", "all"]
FILTERS = ("kind", "field", "item", "theme", "column")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ListingEntry:
    """Mixin of the listing table: what is filtered and sorted by, and the card that is served."""

    __tablename__ = "listing_entry"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    region: Mapped[str]
    county: Mapped[str]
    town: Mapped[str | None]
    all_towns: Mapped[bool]
    all_villages: Mapped[bool]
    field: Mapped[str]
    item: Mapped[str]
    theme: Mapped[str | None]
    column: Mapped[str | None] = mapped_column("column_name")
    published_at: Mapped[datetime]
    version: Mapped[int]
    card: Mapped[str] = mapped_column(comment="the entry's JSON as served")


class ListingNamed:
    """Mixin of the table of regions that an entry names one by one."""

    __tablename__ = "listing_named"

    region: Mapped[str] = mapped_column(primary_key=True)
    published_at: Mapped[datetime] = mapped_column(primary_key=True)
    # Also by itself: an entry that leaves takes its names along.
    id: Mapped[UUID] = mapped_column(primary_key=True, index=True)


def listing_indexes() -> tuple[sa.Index, ...]:
    """One index per range that a listing merges, and one per filter inside a county."""
    newest = ("published_at", "id")
    return (
        sa.Index("ix_listing_entry_own", "region", *newest),
        sa.Index("ix_listing_entry_county", "county", *newest),
        sa.Index("ix_listing_entry_below", "county", *newest, postgresql_where=text("region <> county")),
        sa.Index("ix_listing_entry_town", "town", *newest, postgresql_where=text("town is not null")),
        sa.Index("ix_listing_entry_towns", "region", *newest, postgresql_where=text("all_towns")),
        sa.Index("ix_listing_entry_villages", "region", *newest, postgresql_where=text("all_villages")),
        sa.Index("ix_listing_entry_field", "county", "field", *newest),
        sa.Index("ix_listing_entry_item", "county", "item", *newest),
        sa.Index("ix_listing_entry_theme", "county", "theme", *newest),
        sa.Index("ix_listing_entry_column", "county", "column_name", *newest),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """What a listing is told of one entry. `card` is the JSON that readers get."""

    id: UUID
    kind: str
    region: str
    reach: Reach
    field: str
    item: str
    theme: str | None
    column: str | None
    published_at: datetime
    version: int
    card: str


_COLUMNS = (
    *("id", "kind", "region", "county", "town", "all_towns", "all_villages"),
    *("field", "item", "theme", "column_name", "published_at", "version", "card"),
)
TABLES = (
    ProjectedTable("listing_entry", key="id", columns=_COLUMNS),
    ProjectedTable("listing_named", key="id", columns=("region", "published_at", "id")),
)
"""The tables of a listing, as projections of events."""

_PLACE = f"""
with renamed as (
  delete from listing_named where id = $1 and region <> all($15::text[])),
named as (
  insert into listing_named (region, published_at, id) select unnest($15::text[]), $12, $1 on conflict do nothing)
insert into listing_entry ({", ".join(_COLUMNS)})
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
on conflict (id) do update set
  kind = excluded.kind, region = excluded.region, county = excluded.county, town = excluded.town,
  all_towns = excluded.all_towns, all_villages = excluded.all_villages, field = excluded.field, item = excluded.item,
  theme = excluded.theme, column_name = excluded.column_name, published_at = excluded.published_at,
  version = excluded.version, card = excluded.card
"""  # noqa: S608 - only constants of ours
_DISPLACE = """
with named as (delete from listing_named where id = $1) delete from listing_entry where id = $1 returning true
"""


async def place(session: AsyncSession, entry: Entry) -> None:
    """List `entry` in the service's tables, replacing what was listed of it; its time of publication stays."""
    await driver_of(session).execute(_PLACE, *_entry_row(entry), _names(entry))


def rows(entry: Entry | None) -> Rows:
    """The rows of an entry in `TABLES`, as `place` writes them; none for what is not listed."""
    if entry is None:
        return [], []
    return [_entry_row(entry)], [(region, entry.published_at, entry.id) for region in _names(entry)]


def _entry_row(entry: Entry) -> Row:
    return (
        entry.id,
        entry.kind,
        entry.region,
        regions.county(entry.region) or entry.region,
        regions.town(entry.region),
        entry.reach.towns == "all",
        entry.reach.villages == "all",
        entry.field,
        entry.item,
        entry.theme,
        entry.column,
        entry.published_at,
        entry.version,
        entry.card,
    )


def _names(entry: Entry) -> list[str]:
    """The regions that the reach names. Its own region and those above list the entry anyway: never twice."""
    scopes = (entry.reach.towns, entry.reach.villages)
    named = {code for scope in scopes if scope != "all" for code in scope}
    return sorted(code for code in named if not regions.within(entry.region, code))


async def displace(session: AsyncSession, entry_id: UUID) -> bool:
    """Take an entry out of every listing. Returns whether it was listed."""
    return bool(await driver_of(session).fetchval(_DISPLACE, entry_id))


@dataclass(frozen=True, slots=True)
class Page:
    """One page request, already validated."""

    region: str
    scope: Scope
    filters: Mapping[str, str]
    limit: int
    cursor: str | None

    @property
    def cursor_scope(self) -> str:
        """What a cursor is bound to: it is no use for another listing or another filter."""
        filters = [f"{name}={value}" for name, value in sorted(self.filters.items())]
        return "|".join(["listing", self.region, self.scope, *filters])


async def read_page(pool: ReadPool, cursors: Cursors, page: Page) -> tuple[bytes, str | None]:
    """The page as JSON bytes `{"items": […], "next": cursor or null}`, and the next cursor.

    Raises ForgedCursor for a cursor that this listing did not give out.
    """
    present = tuple(name for name in FILTERS if name in page.filters)
    arguments: list[object] = [page.region, *(page.filters[name] for name in present)]
    if page.cursor is not None:
        micros, last = cursors.read(page.cursor, page.cursor_scope)
        arguments += [_EPOCH + timedelta(microseconds=int(micros)), UUID(str(last))]
    statement = _sql(regions.level(page.region), page.scope, present, page.cursor is not None, page.limit)
    row = await pool.shared_row(statement, *arguments) if statement else None
    cards, published_at, last_id, more = row or (b"", _EPOCH, None, False)
    cursor = None
    if more:
        micros = (published_at - _EPOCH) // timedelta(microseconds=1)
        cursor = cursors.sign((micros, str(last_id)), page.cursor_scope)
    return b'{"items":[%b],"next":%b}' % (cards, orjson.dumps(cursor)), cursor


@lru_cache(maxsize=1024)
def _sql(level: Level, scope: Scope, filters: tuple[str, ...], after: bool, limit: int) -> str | None:
    """The statement of a page, or None where nothing can be listed: a county is not reached from above.

    The limit stands in it as a number: of a parameter PostgreSQL expects a tenth of the table, and so it would plan
    each execution anew, which takes longer than the page.
    """
    more = limit + 1
    where = "".join(
        f" and e.{'column_name' if name == 'column' else name} = ${position}"
        for position, name in enumerate(filters, 2)
    )
    # As sub-selects their values tell the planner nothing: it, too, would make a plan for each of them otherwise.
    position = f"((select ${len(filters) + 2}::timestamptz), (select ${len(filters) + 3}::uuid))"
    parts = [
        f"(select {key}.published_at, {key}.id, e.card from {arm}{where}"  # noqa: S608 - only constants of ours
        + (f" and ({key}.published_at, {key}.id) < {position}" if after else "")
        + f" order by {key}.published_at desc, {key}.id desc limit {more})"
        for key, arm in _arms(level, scope)
    ]
    if not parts:
        return None
    page = parts[0]
    if len(parts) > 1:
        merged = " union all ".join(parts)
        page = f"(select * from ({merged}) m order by published_at desc, id desc limit {more})"  # noqa: S608 - as above
    # One row with the page's bytes: twenty rows would be taken apart only to be put together again.
    return (
        f"select convert_to(coalesce(array_to_string((array_agg(card))[1:{limit}], ','), ''), 'UTF8'),"  # noqa: S608
        f" (array_agg(published_at))[{limit}], (array_agg(id))[{limit}], count(*) = {more}"
        f" from {page} page"
    )


# The index ranges that listings are merged from: whose key orders the range, and the range of region $1.
_Arm = tuple[str, str]
_OWN: _Arm = ("e", "listing_entry e where e.region = $1")
_NAMED: _Arm = ("n", "listing_named n join listing_entry e using (id) where n.region = $1")
_COUNTY_TO_TOWNS: _Arm = ("e", "listing_entry e where e.region = rpad(left($1, 6), 12, '0') and e.all_towns")
_COUNTY_TO_VILLAGES: _Arm = (
    "e",
    "listing_entry e where e.region = rpad(left($1, 6), 12, '0') and e.all_villages",
)
_TOWN_TO_VILLAGES: _Arm = (
    "e",
    "listing_entry e where e.region = rpad(left($1, 9), 12, '0') and e.all_villages",
)
_REACHED = {
    Level.town: [_COUNTY_TO_TOWNS, _NAMED],
    Level.village: [_COUNTY_TO_VILLAGES, _TOWN_TO_VILLAGES, _NAMED],
}
_BELOW: dict[Level, list[_Arm]] = {
    Level.county: [("e", "listing_entry e where e.county = $1 and e.region <> e.county")],
    Level.town: [("e", "listing_entry e where e.town = $1 and e.region <> $1")],
}
_WITHIN: dict[Level, _Arm] = {
    Level.county: ("e", "listing_entry e where e.county = $1"),
    Level.town: ("e", "listing_entry e where e.town = $1"),
}


def _arms(level: Level, scope: Scope) -> list[_Arm]:
    reached = _REACHED.get(level, [])
    match scope:
        case "own":
            return [_OWN]
        case "reached":
            return reached
        case "below":
            return _BELOW.get(level, [])
        case "all":
            return [_WITHIN.get(level, _OWN), *reached]
