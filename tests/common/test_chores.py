"""Chores of a service: one worker does them, another takes over, and what they raise ends nobody."""

import asyncio
from dataclasses import replace

import pytest

from libs.common.db import Database
from libs.common.worker import work
from services.catalog.service import SERVICE
from tests.platform import Platform


async def test_one_of_two_workers_does_a_chore_and_the_other_takes_over(
    seeded: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libs.common.worker.CHORE_SECONDS", 0.01)
    begun: list[str] = []
    news = asyncio.Condition()

    def service_of(name: str) -> asyncio.Task[None]:
        async def chore(database: Database) -> None:
            assert database.service == "catalog"
            async with news:
                begun.append(name)
                news.notify_all()
            if len(begun) == 1:
                raise ValueError("it failed for once")
            await asyncio.Event().wait()

        service = replace(SERVICE, listeners={}, chores=[chore])
        return asyncio.create_task(work([service], seeded.resources.databases, seeded.bus))

    workers = {name: service_of(name) for name in ("a", "b")}
    try:
        async with asyncio.timeout(30), news:
            await news.wait_for(lambda: len(begun) == 2)
            workers.pop(begun[1]).cancel()
            await news.wait_for(lambda: len(begun) == 3)
            assert begun[2] != begun[1]
    finally:
        for worker in workers.values():
            worker.cancel()
        await asyncio.gather(*workers.values(), return_exceptions=True)
