"""How soon a publish is everywhere: at 50 per second on either bus, and while 10,000 others are published in bulk."""

import asyncio

from bench import county
from bench.client import hammer, open_loop
from bench.publishing import publishes, seed, settled, warm
from bench.rig import Figure, Rig

PER_SECOND = 50
PACED = 1_500
BULK = 10_000
BULK_CLIENTS = 8
FOREGROUND = 300
FOREGROUND_PER_SECOND = 5


async def journal_visible(rig: Rig) -> list[Figure]:
    """Accepted publish to every effect at 50 per second, journal bus."""
    async with rig.services("all") as (port, _):
        return [await _visible(rig, port, "journal bus", (100, 1_000))]


async def kafka_visible(rig: Rig) -> list[Figure]:
    """Accepted publish to every effect at 50 per second, through Kafka from an API to a worker process."""
    with rig.kafka() as servers:
        environment = {"KAFKA_BOOTSTRAP_SERVERS": servers}
        async with rig.services("worker", (), environment), rig.services("api", (), environment) as (port, _):
            return [await _visible(rig, port, "Kafka", (200, 1_500))]


async def bulk(rig: Rig) -> list[Figure]:
    """Publishing in the foreground while many more are published as fast as it goes."""
    async with rig.services("all") as (port, _):
        await seed(rig, port)
        async with rig.connect("publication") as connection:
            many = await county.approved_documents(connection, BULK)
            few = await county.approved_documents(connection, FOREGROUND)
        await hammer(port, publishes(rig, await warm(rig)), 1)
        behind = asyncio.create_task(hammer(port, publishes(rig, many), BULK_CLIENTS))
        load = await open_loop(port, list(publishes(rig, few)), FOREGROUND_PER_SECOND)
        spans = sorted(await settled(port, few))
        under_way = not behind.done()
        done = await behind
        assert (load.statuses, done.statuses) == ({200: FOREGROUND}, {200: BULK})
    p99 = spans[int(len(spans) * 0.99)]
    measured = f"{p99:.2f} s (bulk {done.rate:,.0f} /s{'' if under_way else ', which ended sooner'})"
    name = f"accepted to listed, p99, {FOREGROUND_PER_SECOND} /s beside {BULK:,} in bulk"
    return [Figure(name, "≤ 5 s", measured, p99 <= 5)]


async def _visible(rig: Rig, port: int, name: str, at_most: tuple[int, int]) -> Figure:
    await seed(rig, port)
    async with rig.connect("publication") as connection:
        ids = await county.approved_documents(connection, PACED)
    await hammer(port, publishes(rig, await warm(rig)), 1)
    load = await open_loop(port, list(publishes(rig, ids)), PER_SECOND)
    assert load.statuses == {200: PACED}, load.statuses
    spans = sorted(await settled(port, ids))
    p50, p99 = spans[len(spans) // 2] * 1000, spans[int(len(spans) * 0.99)] * 1000
    return Figure(
        f"accepted publish to every effect, {PER_SECOND} /s, {name}",
        f"p50 ≤ {at_most[0]} ms, p99 ≤ {at_most[1] / 1000:g} s",
        f"p50 {p50:.0f} ms, p99 {p99:.0f} ms",
        p50 <= at_most[0] and p99 <= at_most[1],
    )
