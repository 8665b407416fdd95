"""What a region must publish in a time, and whether it has (公开时限)."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock
from libs.common.errors import Malformed, NotFound
from libs.common.fields import Body, Code, Sentence
from libs.common.http import Act, Reads, Session, Staff, public
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands import duties as commands
from services.catalog.queries.owing import owed
from services.catalog.routes.shared import VERSION, SeenIfAny, put_answered, put_answers
from services.catalog.rules.duties import LONGEST_PERIOD, State, Time, counted

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
    organisation: Code | None = Field(
        description="The body that owes it, where the region names its bodies; null: the region as one.",
        examples=[None],
    )
    organisation_name: str | None = Field(description="Its short name.", examples=[None])
    period_start: date = Field(
        description="First day of its month, quarter or year; the day of its occasion.", examples=["2026-10-01"]
    )
    occasion: Code | None = Field(description="What it runs from (`/catalog/occasions`).", examples=[None])
    due_on: date = Field(description="Last day on which it is on time.", examples=["2026-10-20"])
    provisional: bool = Field(
        description="Whether the working days until then are not settled: the yearly notice of holidays is to come.",
        examples=[False],
    )
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
    counts: dict[State, int] = Field(description="Of all that is asked for, whatever `state` says.")
    items: list[DutyView] = Field(description=f"The first {MOST_DUTIES}; ask for a shorter time when there are more.")
    more: bool = Field(description="Whether there are more than are listed.", examples=[False])


class DutyQuery(Body):
    """Query of the duties."""

    due_from: date | None = Field(None, description="A month ago when left out.", examples=["2026-10-01"])
    due_until: date | None = Field(
        None, description="In a month when left out; a year later at most.", examples=["2026-12-31"]
    )
    field: Code | None = Field(None, description="Only items of this field.")
    organisation: Code | None = Field(None, description="Only duties of this body (公开主体).")
    state: State | None = Field(None, description="Only duties in this state; `overdue` are the missed ones.")


@router.get("/duties/{region}", summary="What a region must publish by when", response_model=Duties)
async def list_duties(
    region: RegionCode, request: Request, database: Reads, asked: Annotated[DutyQuery, Query()]
) -> Response:
    """Items of the region's level with the days on which they are due, and whether they were published.

    An item is due when it recurs (every quarter), and when something is recorded that its limit runs from
    (`/catalog/occasions`); of several bodies that the region names for it (`/catalog/local-terms`), each owes it.
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
    time, calendar = Time(first, last, today), request.app.state.calendar
    found = await owed(database.reads, region, level, asked.field, time, calendar)
    of_body = [duty for duty in found.duties if asked.organisation in (None, duty.organisation)]
    shown = [duty for duty in of_body if asked.state in (None, duty.state)]
    listed = shown[:MOST_DUTIES]
    bodies = {duty.organisation for duty in listed if duty.organisation}
    names = await database.reads.fetch(queries.BODY_NAMES, sorted(bodies)) if bodies else []
    named = {None: None, **{row["code"]: row["short_name"] for row in names}}
    cards = {code: orjson.loads(found.cards[code]) for code in {duty.item for duty in listed}}
    body: dict[str, Any] = {
        "region": region,
        "due_from": first,
        "due_until": last,
        "counts": counted(of_body),
        "items": [
            {**cards[duty.item], **asdict(duty), "organisation_name": named[duty.organisation]} for duty in listed
        ],
        "more": len(shown) > MOST_DUTIES,
    }
    return public(request, orjson.dumps(body))


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
