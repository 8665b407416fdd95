"""A duty is met exactly when something live is bound to its item, whatever happened and in whatever order it is heard."""

import random
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from libs.common import clock
from libs.common.events import DocumentPublished, DocumentWithdrawn
from libs.common.outbox import emit
from tests.catalog.counting import counted
from tests.catalog.news import COUNTY, document_published, document_withdrawn
from tests.catalog.revising import Revising, adjustment, entry
from tests.platform import Platform

YEAR = clock.local_date(clock.now()).year - 1
ONE, OTHER, HEIR, SINGLE = "09001001", "09001002", "09001003", "09001004"
MONTHLY: dict[str, Any] = {"time_limit": "每月公开一次", "levels": ["county"]}


class Live(NamedTuple):
    """What is live of a document in the end."""

    item: str
    on: date


def history(chance: random.Random) -> tuple[list[DocumentPublished | DocumentWithdrawn], Live | None]:
    """What is said of one document, published, moved to another item, withdrawn; and what is live of it in the end."""
    document = uuid4()
    said: list[DocumentPublished | DocumentWithdrawn] = []
    live: Live | None = None
    for version in range(1, chance.randint(2, 5)):
        if live is not None and chance.random() < 0.4:
            said.append(document_withdrawn(document, version))
            live = None
            continue
        day = date(YEAR, chance.randint(1, 12), chance.randint(1, 28))
        live = Live(chance.choice([ONE, OTHER, SINGLE]), day)
        at = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
        said.append(document_published(document, version, item=live.item, at=at))
    return said, live


async def merge(platform: Platform) -> None:
    """A revision makes two items one, and retires a third."""
    content = entry(HEIR, "09", **MONTHLY)
    together = adjustment("merge", [ONE, OTHER], [content], documents_to=None)
    revising = await Revising.begin(platform, "09", together, adjustment("retire", [SINGLE], []))
    await revising.until("in_force")


@pytest.mark.parametrize("seed", range(6))
async def test_a_duty_is_met_exactly_when_something_live_is_bound_to_it(seeded: Platform, seed: int) -> None:
    chance = random.Random(seed)
    for code in (ONE, OTHER, SINGLE):
        await seeded.put(f"/catalog/items/{code}", _content(code), seeded.token("administrator"))
    told = [history(chance) for _ in range(12)]
    events = [event for said, _ in told for event in said]
    chance.shuffle(events)
    merged_after = chance.choice([None, 0, len(events) // 2, len(events)])
    for number, event in enumerate(events):
        if number == merged_after:
            await merge(seeded)
        async with seeded.database("publication").transaction() as session:
            await emit(session, event)
        if chance.random() < 0.2:
            await seeded.drain()
    await seeded.drain()
    if merged_after == len(events):
        await merge(seeded)
    in_force = {ONE: {ONE}, OTHER: {OTHER}, SINGLE: {SINGLE}} if merged_after is None else {HEIR: {ONE, OTHER}}
    live = [one for _, one in told if one is not None]
    expected = {(code, one.on.month) for code, bound in in_force.items() for one in live if one.item in bound}

    params = {"due_from": f"{YEAR}-01-01", "due_until": f"{YEAR}-12-31", "field": "09"}
    duties = (await seeded.client.get(f"/catalog/duties/{COUNTY}", params=params)).json()["items"]
    assert {(duty["item"], int(duty["due_on"][5:7])) for duty in duties} == {
        (code, month) for code in in_force for month in range(1, 13)
    }
    assert {(duty["item"], int(duty["due_on"][5:7])) for duty in duties if duty["state"] == "met"} == expected
    await counted(seeded)
    query = {"by": "field", "field": "09", "level": "county"}
    (sums,) = (await seeded.client.get(f"/catalog/tallies/{COUNTY}", params=query)).json()["items"]
    covered = {code for code, bound in in_force.items() if any(one.item in bound for one in live)}
    assert (sums["owed"], sums["covered"]) == (len(in_force), len(covered))
    months = {**query, "due_from": f"{YEAR}-01-01", "due_until": f"{YEAR}-12-31"}
    (sums,) = (await seeded.client.get(f"/catalog/timeliness/{COUNTY}", params=months)).json()["items"]
    assert (sums["met"], sums["overdue"]) == (len(expected), 12 * len(in_force) - len(expected))


def _content(code: str) -> dict[str, object]:
    said = entry(code, "09", **MONTHLY)
    return {name: value for name, value in said.items() if name not in ("code", "version")}
