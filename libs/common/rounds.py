"""Readers who ask the same at the same time share one query, which began after each of them had asked.

A reader never joins a query that is under way: it may have begun before a withdrawal that this reader already knows
of. Whoever comes meanwhile waits for the next one, together. Nothing is kept when it is answered, so nothing gets old;
a page that everybody opens costs the database two queries at a time, however many readers there are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Rounds(Generic[T]):
    """The queries under way and the rounds of readers that wait for the next ones."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[T]] = {}
        self._gathering: dict[Hashable, asyncio.Task[T]] = {}

    async def read(self, key: Hashable, query: Callable[[], Awaitable[T]]) -> T:
        """The answer of a `query` for `key` that begins after this call. Raises what it raises.

        A reader who goes away does not take the answer from the others.
        """
        gathering = self._gathering.get(key)
        if gathering is None:
            gathering = self._gathering[key] = asyncio.create_task(self._round(key, query))
            gathering.add_done_callback(_seen)
        return await asyncio.shield(gathering)

    async def _round(self, key: Hashable, query: Callable[[], Awaitable[T]]) -> T:
        if before := self._under_way.get(key):
            await asyncio.wait([before])
        mine = self._under_way[key] = self._gathering.pop(key)
        try:
            return await query()
        finally:
            if self._under_way.get(key) is mine:
                del self._under_way[key]


def _seen(done: asyncio.Task[T]) -> None:
    """An error that no reader waits for any more is nobody's: it must not be reported as forgotten."""
    if not done.cancelled():
        done.exception()
