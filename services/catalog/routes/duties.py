"""What a region must publish in a time, and whether it has (公开时限)."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any

import asyncpg
import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock, regions
from libs.common.db import Database
from libs.common.errors import Malformed, NotFound
from libs.common.fields import Body, Code, Sentence
from libs.common.http import Act, Reads, Session, Staff, public
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands import duties as commands
from services.catalog.routes.shared import VERSION, SeenIfAny, put_answered, put_answers
from services.catalog.rules.duties import LONGEST_PERIOD, Published, State, counted, duties
from services.catalog.rules.local_terms import in_effect
from services.catalog.rules.time_limits import TimeLimits

router = APIRouter(route_class=Act, tags=["duties"])

MOST_DUTIES = 2_000
_AROUND = timedelta(31)


class DutyView(BaseModel):
    """One item that is due on one day."""

    item: Code = Field(examples=["27001001"])
    field: Code = Field(examples=["27"])
    field_name: str = Field(examples=["村(居)务公开"])
    level1_item: str = Field(examples=["财务公开"])
    level2_item: str = Field(examples=["财务收支"])
    responsible_body: str = Field(description="公开主体: the region's own where it names one.", examples=["村民委员会"])
    subject: str | None = Field(description="The part of the item that is due; null: all of it.", examples=[None])
    period_start: date = Field(description="First day of its month, quarter or year.", examples=["2026-10-01"])
    due_on: date = Field(description="Last day on which it is on time.", examples=["2026-10-20"])
    state: State = Field(
        description="`met` on time, `late`: after the due date and in the same period, `open`, `overdue`, `waived`:"
        " not met, and the county has said why it need not be.",
        examples=["overdue"],
    )
    met_on: date | None = Field(description="The day on which it was met.", examples=[None])
    document: str | None = Field(description="The document or village notice that met it.", examples=[None])
    offline_disclosure: str | None = Field(
        description="Code of the disclosure offline that met it (`/catalog/offline-disclosures`).", examples=[None]
    )


class Duties(BaseModel):
    """The duties of a region in a time, by due date."""

    region: RegionCode
    due_from: date
    due_until: date
    counts: dict[State, int] = Field(description="Of all duties of that time, whatever `state` asks for.")
    items: list[DutyView] = Field(description=f"The first {MOST_DUTIES}; ask for a shorter time when there are more.")
    more: bool = Field(description="Whether there are more than are listed.", examples=[False])


class DutyQuery(Body):
    """Query of the duties."""

    due_from: date | None = Field(None, description="A month ago when left out.", examples=["2026-10-01"])
    due_until: date | None = Field(
        None, description="In a month when left out; a year later at most.", examples=["2026-12-31"]
    )
    field: Code | None = Field(None, description="Only items of this field.")
    state: State | None = Field(None, description="Only duties in this state; `overdue` are the missed ones.")


@router.get("/duties/{region}", summary="What a region must publish by when", response_model=Duties)
async def list_duties(
    region: RegionCode, request: Request, database: Reads, asked: Annotated[DutyQuery, Query()]
) -> Response:
    """Recurring items of the region's level, each with the days on which it is due and whether it was published.

    Made from the time limits as they are understood, and as the region or one above has tightened them: an item whose
    wording is not understood (`/catalog/items?unread=true`) is not among them. Nor is one that does not concern the
    region (不涉及).
    """
    level: str | None = await database.reads.fetchval(queries.LEVEL, region)
    if level is None:
        raise NotFound
    today = clock.local_date(clock.now())
    first, last = asked.due_from or today - _AROUND, asked.due_until or today + _AROUND
    if not first <= last <= first + LONGEST_PERIOD:
        raise Malformed("起止日期应先后有序,且相隔不超过一年。", field="query.due_until")
    line = [*regions.ancestors(region), region]
    cards = await database.reads.fetch(queries.RECURRING, region, level, asked.field, line)
    codes = [card["code"] for card in cards]
    published = await _published(database, region, codes)
    waived = {(row["item"], row["period_start"]) for row in await database.reads.fetch(queries.WAIVED, region, codes)}
    limits = {card["code"]: _limits(card) for card in cards}
    found = list(duties(limits, published, first, last, today, waived))
    shown = [duty for duty in found if asked.state in (None, duty.state)]
    shown_of = {card["code"]: orjson.loads(card["card"]) for card in cards}
    body: dict[str, Any] = {
        "region": region,
        "due_from": first,
        "due_until": last,
        "counts": counted(found),
        "items": [{**shown_of[duty.item], **asdict(duty)} for duty in shown[:MOST_DUTIES]],
        "more": len(shown) > MOST_DUTIES,
    }
    return public(request, orjson.dumps(body))


def _limits(card: asyncpg.Record) -> TimeLimits:
    own = (TimeLimits.model_validate_json(terms) if terms else None for terms in card["terms"])
    return in_effect(TimeLimits.model_validate_json(card["time_limits"]), own)


async def _published(database: Database, region: str, items: list[str]) -> dict[str, list[Published]]:
    found: dict[str, list[Published]] = {}
    for row in await database.reads.fetch(queries.PUBLISHED_UNDER, region, items):
        on = row["disclosed_on"] or clock.local_date(row["published_at"])
        found.setdefault(row["item"], []).append(Published(row["document"], on, row["offline"]))
    for under in found.values():
        under.sort(key=lambda one: one.on)
    return found


class WaiverBody(Body):
    """Whether a duty is waived."""

    waived: Sentence | None = Field(
        description="Why (免予公开); null: it is not waived.", examples=["本季度因村级换届,与下季度合并公开。"]
    )


class WaiverView(WaiverBody):
    """The same, as it is kept."""

    region: RegionCode
    item: Code
    period_start: date
    version: int = VERSION


@router.put(
    "/duties/{region}/items/{code}/periods/{period_start}",
    summary="Waive the duty of a period",
    responses=put_answers(WaiverView),
)
async def put_waiver(
    region: RegionCode,
    code: Code,
    period_start: date,
    body: WaiverBody,
    session: Session,
    actor: Staff,
    seen: SeenIfAny,
    response: Response,
) -> WaiverView:
    """For administrators of the county: towns and villages cannot release themselves. What is met stays met."""
    kept = await commands.put_waiver(session, region, code, period_start, body.waived, seen, actor)
    put_answered(response, kept.version, seen)
    known = {"region": region, "item": code, "period_start": period_start}
    return WaiverView(**known, version=kept.version, waived=kept.waived)
