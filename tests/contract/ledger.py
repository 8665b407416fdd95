"""What stands in the databases: whole contents, to see what an act wrote and that a refusal wrote nothing."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa
from asyncpg.connection import LoggedQuery

from libs.common.backbone import service_metadata
from libs.common.events import Event
from libs.common.inbox import Delivery
from libs.common.outbox import emit, sequence_once
from libs.common.service import Service
from services.registry import ALL
from tests.platform import Platform

BACKBONE = frozenset(service_metadata().tables)
"""The tables that every service has beside its own."""

Row = tuple[str, str, str]
"""Table, the transaction that wrote the row (xmin), and its content as JSON."""


MARKS = {"recount"}
"""Tables that say only that something is to be counted anew: a mark more means nothing."""


def own_tables(service: Service) -> list[str]:
    """The tables that only this service has."""
    return sorted(set(service.metadata.tables) - BACKBONE)


async def rows(platform: Platform, service: Service) -> Counter[Row]:
    """Every row of the service's database."""
    each = 'select \'{0}\' as t, xmin::text as x, row_to_json("{0}")::text as r from "{0}"'
    statement = " union all ".join(each.format(table) for table in sorted(service.metadata.tables))
    found = await platform.database(service.name).backbone.fetch(statement)
    return Counter((row["t"], row["x"], row["r"]) for row in found)


async def everything(platform: Platform) -> dict[str, Counter[Row]]:
    """Every row of all five databases."""
    return {service.name: await rows(platform, service) for service in ALL}


async def own(platform: Platform, service: Service) -> list[tuple[str, str]]:
    """The rows of the service's own tables without their times, in order."""
    tables = set(own_tables(service)) - MARKS
    found = await rows(platform, service)
    return sorted((table, timeless(content)) for table, _, content in found.elements() if table in tables)


def timeless(content: str) -> str:
    """A JSON object without its members that are times, also inside."""
    return orjson.dumps(_timeless(orjson.loads(content)), option=orjson.OPT_SORT_KEYS).decode()


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(v) for name, v in value.items() if name != "at" and not name.endswith("_at")}
    if isinstance(value, list):
        return [_timeless(v) for v in value]
    if isinstance(value, str) and value.startswith("{"):
        with contextlib.suppress(ValueError):
            return _timeless(orjson.loads(value))
    return value


@dataclass
class Written:
    """What happened to one database while something was done."""

    commits: int = 0
    added: list[Row] = field(default_factory=list)
    removed: int = 0

    @property
    def transactions(self) -> set[str]:
        """The transactions that wrote the rows that are new or changed."""
        return {xmin for _, xmin, _ in self.added}

    @property
    def audits(self) -> int:
        """How many audit rows came."""
        return self._count(("audit", "audit_waiting"))

    @property
    def said(self) -> list[str]:
        """The kinds of the events that were said."""
        waiting = [content for table, _, content in self.added if table in ("outbox", "journal")]
        return sorted(orjson.loads(content)["type"] for content in waiting)

    def _count(self, tables: Iterable[str]) -> int:
        return sum(table in tables for table, _, _ in self.added)


@contextlib.asynccontextmanager
async def watching(platform: Platform, service: Service) -> AsyncIterator[Written]:
    """See what is written to a service's database in the block, and count the commits of its write sessions."""
    written = Written()
    engine = platform.database(service.name).engine.sync_engine
    before = await rows(platform, service)

    def ended(statement: LoggedQuery) -> None:
        written.commits += statement.query == "commit"

    heard: set[asyncpg.Connection] = set()

    def taken(connection: Any, *_pool: object) -> None:
        if connection.driver_connection not in heard:
            heard.add(connection.driver_connection)
            connection.driver_connection.add_query_logger(ended)

    sa.event.listen(engine, "checkout", taken)
    try:
        yield written
    finally:
        sa.event.remove(engine, "checkout", taken)
        for driver in heard:
            driver.remove_query_logger(ended)
    after = await rows(platform, service)
    written.added = list((after - before).elements())
    written.removed = (before - after).total()


def named(service: str) -> Service:
    """A service by its package name."""
    return next(one for one in ALL if one.name == service)


async def say(platform: Platform, *events: Event) -> None:
    """Put events into the journals of the services that say them, in this order."""
    for event in events:
        database = platform.database(event.service())
        async with database.transaction() as session:
            await emit(session, event)
        connection = await asyncpg.connect(database.dsn)
        try:
            assert await sequence_once(connection)
        finally:
            await connection.close()


async def deliver(platform: Platform, service: Service) -> None:
    """Bring to one service alone whatever it has not heard yet, and insist that it parks nothing."""
    for source in sorted(service.sources):
        async with platform.bus.subscribe(source, service.name) as subscription:
            while await Delivery(service, platform.database(service.name), source).step(subscription):
                pass
    parked = await platform.database(service.name).backbone.fetch("select key, reason from parked")
    assert not parked, parked
