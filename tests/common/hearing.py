"""A listener for tests of the backbone: it writes down what it hears, and fails where a test wants it to."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from fastapi import APIRouter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.bus import Bus, Record, Subscription
from libs.common.db import Database
from libs.common.events import Event, NoticePublished, NoticeWithdrawn
from libs.common.inbox import Delivery
from libs.common.outbox import emit, sequence_once
from libs.common.service import Service

SOURCE = "village_affairs"
AT = datetime(2026, 5, 8, 2, 0, tzinfo=UTC)
Effect = tuple[str, int, str]
Fault = Callable[[AsyncSession, Event], Awaitable[None]]
_EFFECT = text("insert into effect (key, version, title) values (:key, :version, :title)")


def published(key: UUID, version: int = 1, title: str = "公告", summary: str = "") -> NoticePublished:
    """A village notice that went live; `title` is what the listener writes down."""
    return NoticePublished(
        version=version,
        at=AT,
        notice=key,
        village="990001101201",
        village_name="东庄村",
        title=title,
        category="village",
        catalog_item="27001001",
        field="27",
        period=None,
        summary=summary,
        path=f"/village-affairs/notices/{key}",
        first_published_at=AT,
        published_at=AT,
    )


def withdrawn(key: UUID, version: int, title: str = "撤下") -> NoticeWithdrawn:
    """The same notice, taken down."""
    return NoticeWithdrawn(version=version, at=AT, notice=key, village="990001101201", title=title, reason="更正")


async def say(database: Database, *events: Event) -> None:
    """Say the events in one transaction."""
    async with database.transaction() as session:
        for event in events:
            await emit(session, event)


async def sequence_all(database: Database) -> None:
    """Move everything that waits in the outbox into the journal."""
    connection = await asyncpg.connect(database.dsn)
    try:
        while await sequence_once(connection):
            pass
    finally:
        await connection.close()


class Ear:
    """A listener group of its own, whose effects stand in the table `effect` of `database`."""

    def __init__(self, database: Database, group: str = "ear") -> None:
        self.database = database
        self.before: Fault | None = None
        self.after: Fault | None = None
        self.service = Service(
            name=group,
            title="",
            description="",
            router=APIRouter(),
            metadata=sa.MetaData(),
            grants={},
            listeners={NoticePublished: self._hear, NoticeWithdrawn: self._hear},
        )

    async def _hear(self, session: AsyncSession, event: NoticePublished | NoticeWithdrawn) -> None:
        if self.before:
            await self.before(session, event)
        await session.execute(_EFFECT, {"key": event.key, "version": event.version, "title": event.title})
        if self.after:
            await self.after(session, event)

    def delivery(self) -> Delivery:
        """A fresh owner of the source, as a process that has just started."""
        return Delivery(self.service, self.database, SOURCE)

    async def hear(self, bus: Bus) -> None:
        """Take in everything that the bus has."""
        delivery = self.delivery()
        async with bus.subscribe(SOURCE, self.service.name) as subscription:
            while await delivery.step(subscription):
                pass

    async def effects(self) -> list[Effect]:
        """(key, version, title) of each effect, in order."""
        rows = await self.database.backbone.fetch("select key, version, title from effect order by n")
        return [tuple(row) for row in rows]

    async def offset(self) -> int:
        """How far the group has got."""
        return int(await self.database.backbone.fetchval("select coalesce(max(position), 0) from consumer_offset"))

    async def parked(self) -> dict[str, str]:
        """The reason by parked key."""
        rows = await self.database.backbone.fetch("select key, reason from parked order by key")
        return {row["key"]: row["reason"] for row in rows}


class Wire:
    """A subscription that notes the reports and breaks once where it is told to: `read` or `report`."""

    def __init__(self, inner: Subscription, breaks: str = "") -> None:
        self._inner = inner
        self._breaks = breaks
        self.reports: list[tuple[int, Sequence[str]]] = []

    def _maybe_break(self, step: str) -> None:
        if self._breaks == step:
            self._breaks = ""
            raise ConnectionResetError(step)

    async def read(self, after: int, event_id: UUID | None) -> Sequence[Record]:
        """See `Subscription.read`; breaks after the events came."""
        records = await self._inner.read(after, event_id)
        self._maybe_break("read")
        return records

    async def wait(self) -> None:
        """See `Subscription.wait`."""
        await self._inner.wait()

    async def report(self, position: int, parked: Sequence[str]) -> None:
        """See `Subscription.report`; breaks before it is sent."""
        self._maybe_break("report")
        self.reports.append((position, parked))
        await self._inner.report(position, parked)
