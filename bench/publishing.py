"""How fast documents are published, and how soon everything has followed."""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

import httpx
import psutil

from bench import county
from bench.client import hammer, open_loop, post
from bench.rig import Figure, Rig
from libs.common.outbox import sequence_once
from libs.common.permission import Role

CLIENTS = 16
PUBLISHES = 2_000
PACED = 400
PACED_PER_SECOND = 20
EVENTS = 60_000
HISTORY = 5_000
HISTORY_DOCUMENTS = 40


async def sequencer(rig: Rig) -> list[Figure]:
    """Events per second from the outbox into the journal, by the sequencer's own step."""
    async with rig.connect("catalog") as connection:
        await county.outbox_rows(connection, EVENTS)
        started = time.perf_counter()
        while await sequence_once(connection):
            pass
        rate = EVENTS / (time.perf_counter() - started)
    return [Figure("sequencer, outbox to journal", "10,000 /s", f"{rate:,.0f} /s", rate >= 10_000)]


async def history(rig: Rig) -> list[Figure]:
    """Publishing a document with 5,000 earlier editions against one with none."""
    async with rig.services("all") as (port, _):
        await seed(rig, port)
        async with rig.connect("publication") as connection:
            old = await county.approved_documents(connection, HISTORY_DOCUMENTS, HISTORY)
            new = await county.approved_documents(connection, HISTORY_DOCUMENTS)
        await hammer(port, publishes(rig, await warm(rig)), 1)
        times: dict[bool, list[float]] = {True: [], False: []}
        for pair in zip(old, new, strict=True):
            for content_id in pair:
                load = await hammer(port, publishes(rig, [content_id]), 1)
                assert load.statuses == {200: 1}, load.last_body
                times[content_id == pair[0]] += load.latencies
                await asyncio.sleep(0.05)  # what follows from it must not be measured with the next one
    ratio = statistics.median(times[True]) / statistics.median(times[False])
    median = statistics.median(times[True]) * 1000
    measured = f"{ratio:.2f} × ({median:.1f} ms)"
    return [Figure(f"publish with {HISTORY:,} earlier editions against none", "≤ 1.2 ×", measured, ratio <= 1.2)]


async def throughput(rig: Rig) -> list[Figure]:
    """Publishes per second over HTTP, the time until every effect is applied, and the memory that it took."""
    async with rig.services("all") as (port, process):
        await seed(rig, port)
        async with rig.connect("publication") as connection:
            many = await county.approved_documents(connection, PUBLISHES)
            paced = await county.approved_documents(connection, PACED)
        await hammer(port, publishes(rig, await warm(rig)), 1)
        load = await hammer(port, publishes(rig, many), CLIENTS)
        assert load.statuses == {200: PUBLISHES}, load.statuses
        drained = time.perf_counter()
        await settled(port, many[-1:])
        drained = time.perf_counter() - drained
        loads = await open_loop(port, list(publishes(rig, paced)), PACED_PER_SECOND)
        assert loads.statuses == {200: PACED}, loads.statuses
        spans = sorted(await settled(port, paced))
        resident = psutil.Process(process.pid).memory_info().rss / 1e6
    p50, p99 = spans[len(spans) // 2] * 1000, spans[int(len(spans) * 0.99)] * 1000
    return [
        Figure(
            f"publishes over HTTP, {CLIENTS} clients",
            "120 /s",
            f"{load.rate:,.0f} /s (p99 {load.quantile(0.99) * 1000:.0f} ms; all effects {drained:.1f} s after)",
            load.rate >= 120,
        ),
        Figure(
            f"accepted publish to every effect applied, {PACED_PER_SECOND} /s",
            "p50 ≤ 100 ms, p99 ≤ 1 s",
            f"p50 {p50:.0f} ms, p99 {p99:.0f} ms",
            p50 <= 100 and p99 <= 1000,
        ),
        Figure("resident memory of `all`", "≤ 350 MB", f"{resident:.0f} MB", resident <= 350),
    ]


def publishes(rig: Rig, ids: list[UUID]) -> Iterator[bytes]:
    """Requests that publish approved documents."""
    headers = rig.token(Role.EDITOR) + 'If-Match: "v3"\r\n'
    return iter([post(f"/publication/documents/{content_id}/publish", headers) for content_id in ids])


async def warm(rig: Rig) -> list[UUID]:
    """A few documents to publish before anything is measured."""
    async with rig.connect("publication") as connection:
        return await county.approved_documents(connection, 50)


async def seed(rig: Rig, port: int) -> None:
    """The few things that documents refer to, through the public API."""
    name, _, token = rig.token(Role.ADMINISTRATOR).strip().partition(": ")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={name: token}) as client:
        region = {"name": "阳光县", "level": "county", "parent": None}
        organisation = {
            "name": "阳光县人民政府",
            "short_name": "县政府",
            "doc_prefix": "阳政发",
            "uscc": "11990001MB00000115",
            "region": county.COUNTY,
            "parent": None,
        }
        for path, body in (("regions/990001000000", region), ("organisations/990001-zf", organisation)):
            answer = await client.put(f"/catalog/{path}", json=body)
            assert answer.is_success, answer.text
    async with rig.connect("publication") as connection:
        while await connection.fetchval("select count(*) from organisation") == 0:
            await asyncio.sleep(0.05)


async def settled(port: int, ids: Sequence[UUID]) -> list[float]:
    """Seconds from each accepted publish to its last effect, as the receipts tell."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        return [await _settled(client, content_id) for content_id in ids]


async def _settled(client: httpx.AsyncClient, content_id: UUID) -> float:
    while True:
        receipt = (await client.get(f"/publication/documents/{content_id}/propagation")).json()
        effects = receipt["effects"]
        assert all(effect["state"] != "failed" for effect in effects), receipt
        if all(effect["state"] == "applied" for effect in effects):
            accepted = datetime.fromisoformat(receipt["accepted_at"])
            return max((datetime.fromisoformat(e["at"]) - accepted).total_seconds() for e in effects)
        await asyncio.sleep(0.1)
