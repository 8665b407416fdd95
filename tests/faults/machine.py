"""The platform as a state machine drives it: one document after another, whatever order and faults Hypothesis thinks of.

The backbone is stepped by hand: a crash is a step that ends before its commit, a duplicate an offset set back, a
reorder another order of sources and another size of batches.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from libs.common import audit
from libs.common.bus import Record, Subscription
from libs.common.failpoints import FailpointError, arm
from libs.common.inbox import Delivery
from libs.common.outbox import sequence_once
from services.registry import ALL
from tests.documents import body
from tests.platform import Platform

PAIRS = [(service, source) for service in ALL for source in sorted(service.sources)]
CRASHES: tuple[str, ...] = (
    "sequencer.after_commit",
    "inbox.before_effect",
    "inbox.before_commit",
)
CRASHES += ("inbox.after_commit", "act.before_commit", "act.after_commit")


@dataclass
class Short:
    """A subscription that gives at most `most` events at a time."""

    inner: Subscription
    most: int

    async def read(self, after: int, event_id: UUID | None) -> Sequence[Record]:
        """See `Subscription.read`."""
        return (await self.inner.read(after, event_id))[: self.most]

    async def wait(self) -> None:
        """See `Subscription.wait`."""
        await self.inner.wait()

    async def report(self, position: int, parked: Sequence[str]) -> None:
        """See `Subscription.report`."""
        await self.inner.report(position, parked)


class Driver:
    """Acts on documents, and steps of the backbone, each of which may fail at an armed place."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.editor = platform.token("editor", subject="editor")
        self.reviewer = platform.token("reviewer", subject="reviewer")
        self._keys = 0

    async def act(self, path: str, *, version: int = 0, json: object = None, reviewer: bool = False) -> dict[str, Any]:
        """One accepted act; asked for again under its key until it is answered, and once more."""
        self._keys += 1
        headers = {**(self.reviewer if reviewer else self.editor), "Idempotency-Key": f"key-{self._keys}"}
        if version:
            headers["If-Match"] = f'"v{version}"'
        for _ in range(3):
            answer = await self.platform.client.post(f"/publication/documents{path}", json=json, headers=headers)
            if answer.status_code != 503:
                break
        assert answer.is_success, answer.text
        again = await self.platform.client.post(f"/publication/documents{path}", json=json, headers=headers)
        assert (again.status_code, again.content) == (answer.status_code, answer.content) or again.status_code == 503
        told: dict[str, Any] = answer.json()
        return told

    async def draft(self, title: str) -> tuple[str, int]:
        """A new document: its id and version."""
        told = await self.act("", json=body(title=title, interpretation={"required": True}, doc_number=None))
        return str(told["content_id"]), 1

    async def sequence(self, most: int) -> None:
        """One step of each service's sequencer, which may die in it."""
        for service in ALL:
            connection = await asyncpg.connect(self.platform.database(service.name).dsn)
            try:
                await sequence_once(connection, most)
            except FailpointError:
                continue  # it died; what it had not committed is rolled back with its connection
            finally:
                connection.terminate()

    async def deliver(self, seed: int, most: int) -> None:
        """One batch of each source to each listener, in any order; a listener that dies is a new one afterwards."""
        for service, source in random.Random(seed).sample(PAIRS, len(PAIRS)):
            async with self.platform.bus.subscribe(source, service.name) as subscription:
                try:
                    await Delivery(service, self.platform.database(service.name), source).step(
                        Short(subscription, most)
                    )
                except FailpointError:
                    continue

    async def repeat(self, back: int) -> None:
        """Set every offset back, as a restore or a hand would: the same events come again."""
        for service in ALL:
            await self.platform.database(service.name).backbone.execute(
                "update consumer_offset set position = greatest(position - $1, 0), event_id = null", back
            )

    async def settle(self) -> None:
        """No more crashes; everything is delivered and the audit chained."""
        arm("")
        await self.platform.drain()
        for service in ALL:
            async with self.platform.database(service.name).backbone.acquire() as connection:
                while await audit.seal_once(connection):
                    pass

    async def rows(self, service: str, sql: str) -> list[tuple[Any, ...]]:
        """What a database holds."""
        return [tuple(row) for row in await self.platform.database(service).backbone.fetch(sql)]
