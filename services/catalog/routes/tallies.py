"""How much of what is owed is public, and how much of it in time: by region, level, field and body, now and before."""

import asyncio
from datetime import date, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock, regions
from libs.common.db import Database
from libs.common.errors import Malformed, NotFound
from libs.common.fields import Body, Code
from libs.common.http import Act, Reads, public
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.export import TABLES, write_sums
from services.catalog.queries import tallies
from services.catalog.rules import GrassrootsLevel
from services.catalog.rules.duties import STATES
from services.catalog.rules.tallies import counted_time

router = APIRouter(route_class=Act, tags=["coverage"])

MOST_ROWS = 5_000
_OWED = ("owed", "covered", "missing", "not_applicable", "overdue")
_HEADINGS = {
    "owed": "应公开",
    "covered": "已公开",
    "missing": "未公开",
    "not_applicable": "不涉及",
    "met": "按时公开",
    "late": "逾期公开",
    "open": "未到期",
    "overdue": "逾期未公开",
    "waived": "免予公开",
}
_KEYS = {"region": "行政区划", "level": "层级", "field": "领域", "organisation": "公开主体", "month": "月份"}

By = Literal["region", "level", "field", "organisation"]
_KEY = Field(
    description="Code of the region, field or body, the level, or the month; null: owed by the region as one.",
    examples=["990001101000"],
)
_NAME = Field(description="Its name; null for a level, a month and the region as one.", examples=["晨曦镇"])


class CoverageSums(BaseModel):
    """What is owed, and what of it is public. A body that owes an item counts for one."""

    owed: int = Field(ge=0, description="Items of the regions' levels, by body where bodies are named.", examples=[120])
    covered: int = Field(ge=0, examples=[97])
    missing: int = Field(ge=0, description="Neither covered nor 不涉及.", examples=[20])
    not_applicable: int = Field(ge=0, examples=[3])
    overdue: int = Field(ge=0, description="Duties of this year and the last that were missed.", examples=[4])


class CoverageRow(CoverageSums):
    """The same of one region, level, field or body."""

    key: str | None = _KEY
    name: str | None = _NAME
    latest_published_at: datetime | None = Field(description="Of the newest publication.")


class TimelinessSums(BaseModel):
    """How many duties are in each state (see `/catalog/duties/{region}`)."""

    met: int = Field(ge=0, description="On time.", examples=[40])
    late: int = Field(ge=0, examples=[3])
    open: int = Field(ge=0, examples=[11])
    overdue: int = Field(ge=0, examples=[4])
    waived: int = Field(ge=0, examples=[0])


class TimelinessRow(TimelinessSums):
    """The same of one region, level, field, body or month."""

    key: str | None = _KEY
    name: str | None = _NAME


class _Sums(BaseModel):
    region: RegionCode
    counted_at: datetime | None = Field(description="When the region that waits longest was counted; null: never yet.")
    waiting: int = Field(ge=0, description="Regions that something has touched since: they follow within seconds.")
    more: bool = Field(description=f"Whether there are more than {MOST_ROWS} rows.", examples=[False])


class CoverageTally(_Sums):
    """The coverage of a region and all below it."""

    total: CoverageSums
    items: list[CoverageRow]


class Timeliness(_Sums):
    """The timeliness of a region and all below it."""

    total: TimelinessSums
    items: list[TimelinessRow]


class _Parts(Body):
    field: Code | None = Field(None, description="Only this field.")
    organisation: Code | None = Field(None, description="Only this body (公开主体).")
    level: GrassrootsLevel | None = Field(None, description="Only regions of this level.")


class CoverageTallyQuery(_Parts):
    """Query of the sums of coverage."""

    by: By = Field("region", description="What a row is for.")
    on: date | None = Field(None, description="As it was at the end of this day; now when left out.")


class TimelinessQuery(_Parts):
    """Query of the sums of duties."""

    by: Literal["region", "level", "field", "organisation", "month"] = Field("region", description="What a row is for.")
    due_from: date | None = Field(
        None,
        description="From the month of this day; January when left out. Last year's months are kept, too.",
    )
    due_until: date | None = Field(None, description="To the month of this day; this one when left out.")


@router.get("/tallies/{region}", summary="Coverage of a region and all below it", response_model=CoverageTally)
async def coverage_tally(
    region: RegionCode, request: Request, database: Reads, asked: Annotated[CoverageTallyQuery, Query()]
) -> Response:
    """From kept sums, so that a county's answer takes milliseconds; what changes is in them within seconds.

    What is missing of one region is listed at `/catalog/coverage/{region}?state=missing`.
    """
    rows = await _coverage(database, region, asked)
    return await _answer(request, database, region, rows, _OWED)


@router.get("/timeliness/{region}", summary="Timeliness of a region and all below it", response_model=Timeliness)
async def timeliness(
    region: RegionCode, request: Request, database: Reads, asked: Annotated[TimelinessQuery, Query()]
) -> Response:
    """How many duties were met on time, late, or missed, by the month in which they are due. From kept sums.

    The duties themselves are listed at `/catalog/duties/{region}?state=overdue`.
    """
    rows = await _timeliness(database, region, asked)
    return await _answer(request, database, region, rows, STATES)


@router.get(
    "/tallies/{region}/exports/{format}",
    summary="Export the sums of coverage",
    response_class=Response,
    responses=TABLES,
)
async def export_tally(
    region: RegionCode,
    format: Literal["xlsx", "csv"],
    database: Reads,
    asked: Annotated[CoverageTallyQuery, Query()],
) -> Response:
    """The same as a table for the desk."""
    rows = await _coverage(database, region, asked)
    return await _file(database, region, format, "基层政务公开情况", asked.by, _OWED, rows)


@router.get(
    "/timeliness/{region}/exports/{format}",
    summary="Export the sums of duties",
    response_class=Response,
    responses=TABLES,
)
async def export_timeliness(
    region: RegionCode,
    format: Literal["xlsx", "csv"],
    database: Reads,
    asked: Annotated[TimelinessQuery, Query()],
) -> Response:
    """The same as a table for the desk."""
    rows = await _timeliness(database, region, asked)
    return await _file(database, region, format, "公开时限执行情况", asked.by, STATES, rows)


async def _coverage(database: Database, region: str, asked: CoverageTallyQuery) -> list[dict[str, Any]]:
    on = () if asked.on is None else (asked.on,)
    return await _rows(database, tallies.coverage_by(asked.by, on=bool(on)), region, asked, *on)


async def _timeliness(database: Database, region: str, asked: TimelinessQuery) -> list[dict[str, Any]]:
    today = clock.local_date(clock.now())
    first, last = asked.due_from or today.replace(month=1, day=1), asked.due_until or today
    kept = counted_time(today)
    if not kept.first <= first <= last <= kept.last:
        raise Malformed(f"起止日期应先后有序,并在{kept.first}至{kept.last}之间。", field="query.due_from")
    months = first.replace(day=1), last.replace(day=1)
    return await _rows(database, tallies.duties_by(asked.by), region, asked, *months)


async def _rows(database: Database, statement: str, region: str, asked: _Parts, *more: date) -> list[dict[str, Any]]:
    first, last = regions.subtree(region)
    parts = asked.field, asked.organisation, asked.level
    return [dict(row) for row in await database.reads.fetch(statement, first, last, *parts, MOST_ROWS + 1, *more)]


async def _answer(
    request: Request, database: Database, region: str, rows: list[dict[str, Any]], counts: tuple[str, ...]
) -> Response:
    told = await database.reads.fetchrow(tallies.AS_OF, *regions.subtree(region), region)
    if told is None or not told["known"]:
        raise NotFound
    body = {
        "region": region,
        "counted_at": told["counted_at"],
        "waiting": told["waiting"],
        "total": {name: sum(row[name] for row in rows) for name in counts},
        "items": rows[:MOST_ROWS],
        "more": len(rows) > MOST_ROWS,
    }
    return public(request, orjson.dumps(body))


async def _file(
    database: Database,
    region: str,
    format: str,
    title: str,
    by: str,
    counts: tuple[str, ...],
    rows: list[dict[str, Any]],
) -> Response:
    name: str | None = await database.reads.fetchval(queries.REGION_NAME, region)
    if name is None:
        raise NotFound
    headings = {count: _HEADINGS[count] for count in counts}
    content, media_type = await asyncio.to_thread(
        write_sums, format, f"{name}{title}", _KEYS[by], headings, rows[:MOST_ROWS]
    )
    headers = {"Content-Disposition": f'attachment; filename="{by}-{region}.{format}"'}
    return Response(content, media_type=media_type, headers=headers)
