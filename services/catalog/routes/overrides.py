"""What a change of the catalog would override below, shown before it is adopted (三级四同)."""

import asyncio
from collections.abc import Iterable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, TypeAdapter

from libs.common import regions
from libs.common.db import Database
from libs.common.errors import NotFound
from libs.common.fields import Code, Title
from libs.common.http import Act, Reads, Staff, public
from libs.common.permission import permit
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.routes.shared import private
from services.catalog.rules import GRANTS, check_keeps_catalog
from services.catalog.rules.local_terms import Effect, in_effect
from services.catalog.rules.overrides import Override, Terms, by_revision, of_item
from services.catalog.rules.revisions import OPEN, PUBLIC, Adjustment
from services.catalog.rules.time_limits import TimeLimits

router = APIRouter(route_class=Act, tags=["revisions"])

MOST_OVERRIDES = 2_000
_ADJUSTMENTS = TypeAdapter(list[Adjustment])


class OverrideView(BaseModel):
    """Local terms (三级四同) that would no longer do what they do now."""

    item: Code = Field(examples=["03001001"])
    region: RegionCode = Field(examples=["990001000000"])
    effect: Effect = Field(
        description="`overridden`: looser than what would hold above, and so without effect; `redundant`: no tighter"
        " than it; `ended`: the item is retired, and the terms with it.",
        examples=["overridden"],
    )
    time_limit: str | None = Field(
        description="公开时限 as the region words it; null: it only names its own body.",
        examples=["信息形成或者变更之日起10个工作日内"],
    )
    new_time_limit: str | None = Field(
        description="公开时限 as it would be above; null: the item is retired.",
        examples=["信息形成或者变更之日起5个工作日内"],
    )
    responsible_body: str | None = Field(description="公开主体 of the region.", examples=["晨曦镇社会事务办公室"])


class Overrides(BaseModel):
    """All of them, by item and region."""

    items: list[OverrideView] = Field(
        description=f"The first {MOST_OVERRIDES}; ask for one region when there are more."
    )
    more: bool = Field(description="Whether there are more than are listed.", examples=[False])


Within = Annotated[RegionCode | None, Query(description="Only those of this region and below.")]


@router.get("/revisions/{code}/overrides", summary="What a revision would override", response_model=Overrides)
async def read_overrides(code: Code, request: Request, database: Reads, region: Within = None) -> Response:
    """The terms of counties, towns and villages that it would take the effect from; none once it is in force.

    For everybody as soon as the public is asked: who inherits the standard sees it before it is adopted.
    """
    return public(request, await _of_revision(database, code, list(PUBLIC), region))


@router.get("/desk/revisions/{code}/overrides", summary="The same of one in work", response_model=Overrides)
async def read_desk_overrides(code: Code, database: Reads, actor: Staff, region: Within = None) -> Response:
    """For administrators and reviewers of a county or above: also of what is only proposed or checked."""
    permit(GRANTS, actor, "catalog.read_revisions", region=actor.region)
    check_keeps_catalog(actor)
    return private(await _of_revision(database, code, [*OPEN, *PUBLIC, "dropped"], region))


@router.get("/items/{code}/overrides", summary="What a limit would override", response_model=Overrides)
async def try_limit(
    code: Code,
    request: Request,
    database: Reads,
    time_limit: Annotated[
        Title, Query(description="公开时限 as it would be worded.", examples=["信息形成或者变更之日起5个工作日内"])
    ],
    region: Annotated[
        RegionCode | None, Query(description="Whose terms it would be; left out: the item's own limit.")
    ] = None,
) -> Response:
    """To be asked before an item or the terms of a region are put in place."""
    standard, terms = await _kept(database, [code])
    if code not in standard:
        raise NotFound
    now, below = standard[code], terms.get(code, [])
    if region is not None:
        line = {*regions.ancestors(region), region}
        now = in_effect(now, (one.limits for one in below if one.region in line))
        below = [one for one in below if one.region != region and regions.within(one.region, region)]
    found = await asyncio.to_thread(lambda: list(of_item(code, now, time_limit, below)))
    return public(request, _answer(found))


async def _of_revision(database: Database, code: str, states: list[str], region: str | None) -> bytes:
    written = await database.reads.fetchval(queries.ADJUSTMENTS, code, states)
    if written is None:
        raise NotFound
    adjustments = _ADJUSTMENTS.validate_json(written)
    touched = {item for one in adjustments for item in (*one.items, *(entry.code for entry in one.entries))}
    found = await asyncio.to_thread(by_revision, adjustments, *await _kept(database, touched))
    return _answer(one for one in found if region is None or regions.within(one.region, region))


async def _kept(database: Database, items: Iterable[str]) -> tuple[dict[str, TimeLimits], dict[str, list[Terms]]]:
    """The limits of items, and the terms that regions have of them."""
    codes = list(items)
    limits = await database.reads.fetch(queries.LIMITS, codes)
    standard = {row["code"]: TimeLimits.model_validate_json(row["time_limits"]) for row in limits}
    terms: dict[str, list[Terms]] = {}
    for row in await database.reads.fetch(queries.TERMS, codes):
        own = TimeLimits.model_validate_json(row["time_limits"]) if row["time_limits"] else None
        said = Terms(row["region"], row["time_limit"], own, row["responsible_body"])
        terms.setdefault(row["item"], []).append(said)
    return standard, terms


def _answer(found: Iterable[Override]) -> bytes:
    listed: list[Any] = list(found)
    return orjson.dumps({"items": listed[:MOST_OVERRIDES], "more": len(listed) > MOST_OVERRIDES})
