"""How fast listings are read."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench import county
from bench.client import Load, for_seconds, get, hammer
from bench.rig import Figure, Rig
from libs.common.ports import free_port

DOCUMENTS = 100_000
CONNECTIONS = 16
ROUNDS = 3
SECONDS = 4.0
DEEP_PAGE = 1_500
DEEP_REQUESTS = 400
PATH = "/publication/listings/990001?limit=20"


async def listing(rig: Rig) -> list[Figure]:
    """A listing page of 100,000 documents against a bare route with the same bytes; page 1,500 against page 1."""
    async with rig.connect("publication") as connection:
        await county.listed_documents(connection, DOCUMENTS)
    async with rig.services("api", ["publication"]) as (port, _):
        rows = await _against_bare(rig, port)
        return [*rows, await _deep(port)]


async def _against_bare(rig: Rig, port: int) -> list[Figure]:
    ours, bare, apart = Load(), Load(), Load()
    page = (await hammer(port, iter([get(PATH)]), 1)).last_body
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(page)
        bare_port = free_port()
        async with rig.process(bare_port, "/bytes", "-m", "bench.bare", str(bare_port), file.name):
            for which in (port, bare_port):  # warm up both
                await hammer(which, for_seconds(get(PATH if which == port else "/bytes"), 1.0), CONNECTIONS)
            for _ in range(ROUNDS):
                for load, where, requests in (
                    (bare, bare_port, for_seconds(get("/bytes"), SECONDS)),
                    (ours, port, for_seconds(get(PATH), SECONDS)),
                    (apart, port, _villages(SECONDS)),
                ):
                    part = await hammer(where, requests, CONNECTIONS)
                    load.seconds += part.seconds
                    load.latencies += part.latencies
                    assert set(part.statuses) == {200}, part.statuses
    share = ours.rate / bare.rate
    p99 = ours.quantile(0.99) / bare.quantile(0.99)
    return [
        Figure(
            f"listing page ({DOCUMENTS:,} documents, {len(page):,} bytes) against a bare route",
            "0.35 of it",
            f"{share:.2f} ({ours.rate:,.0f}/s of {bare.rate:,.0f}/s)",
            share >= 0.35,
        ),
        Figure(
            "the same, every reader another page",
            "",
            f"{apart.rate / bare.rate:.2f} ({apart.rate:,.0f}/s)",
            True,
        ),
        Figure(
            "its p99 against the bare route's",
            "≤ 4 ×",
            f"{p99:.1f} × ({ours.quantile(0.99) * 1000:.1f} ms of {bare.quantile(0.99) * 1000:.1f} ms)",
            p99 <= 4,
        ),
    ]


def _villages(seconds: float) -> Iterator[bytes]:
    """The pages of 209 villages in turn, until the time is up: no two readers ask the same."""
    codes = [f"990001{101 + n % 14}{201 + n % 15}" for n in range(209)]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        yield from (get(f"/publication/listings/{code}?limit=20") for code in codes)


async def _deep(port: int) -> Figure:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        path = PATH
        for _ in range(DEEP_PAGE - 1):
            cursor = (await client.get(path)).json()["next"]
            path = f"{PATH}&cursor={cursor}"
    first, deep = [], []
    for _ in range(DEEP_REQUESTS):  # one after the other, so that both see the same machine
        first += (await hammer(port, iter([get(PATH)] * 2), 1)).latencies[1:]
        deep += (await hammer(port, iter([get(path)] * 2), 1)).latencies[1:]
        await asyncio.sleep(0)
    ratio = statistics.median(deep) / statistics.median(first)
    return Figure(f"page {DEEP_PAGE:,} against the first", "≤ 1.2 ×", f"{ratio:.2f} ×", ratio <= 1.2)
