"""The Kafka broker of a run, and what happens to it: frozen, killed, restarted, its data lost (F6, F7)."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from deploy.dev.kafka.broker import Broker, KafkaFailed, KafkaUnavailable
from faults.fault import Fault, Scene
from faults.ledger import Told

MEMORY_GROWTH = 200_000_000


class NoBroker(RuntimeError):
    """Why there is no Kafka here, in one sentence."""


@contextlib.asynccontextmanager
async def running_broker() -> AsyncIterator[Broker]:
    """A broker of the run's own. Raises NoBroker."""
    with tempfile.TemporaryDirectory(prefix="yangguang-kafka-", ignore_cleanup_errors=True) as folder:
        broker = Broker(Path(folder))
        try:
            await asyncio.to_thread(broker.start)
        except (KafkaUnavailable, KafkaFailed) as error:
            raise NoBroker(str(error).splitlines()[0]) from error
        try:
            yield broker
        finally:
            await asyncio.to_thread(broker.kill)


def _of(scene: Scene) -> Broker:
    broker = scene.rig.broker
    assert broker is not None
    return broker


async def frozen(scene: Scene) -> None:
    """F6: the broker holds its connections and answers nothing. Writes go on, and wait in the journal."""
    before = [process.resident() for process in (*scene.rig.apis, *scene.rig.workers)]
    _of(scene).freeze()
    try:
        await scene.under_load(scene.size.either(8, 45))
        async with scene.rig.connect("publication") as connection:
            waits = await connection.fetchval(
                "select count(*) from outbox where created_at < now() - interval '2 seconds'"
            )
            sent = await connection.fetchval("select max(position) from sender_position")
            head = await connection.fetchval("select position from journal_head")
    finally:
        _of(scene).thaw()
    after = [process.resident() for process in (*scene.rig.apis, *scene.rig.workers)]
    growth = max(now - then for now, then in zip(after, before, strict=True))
    scene.seen.append(
        f"{head - sent} events waited in publication's journal; memory grew {growth / 1e6:.0f} MB at most"
    )
    scene.insist(waits == 0, f"{waits} events stood in the outbox")
    scene.insist(growth < MEMORY_GROWTH, f"memory grew {growth / 1e6:.0f} MB")
    scene.after.append(lambda told: _all_accepted(scene, told))


def _all_accepted(scene: Scene, told: Told) -> None:
    scene.insist(told.count("unknown") == 0, f"{told.count('unknown')} requests failed while the broker was away")


async def restarted(scene: Scene) -> None:
    """F7: the broker is stopped, killed and started again, with its data."""
    for end in (_of(scene).stop, _of(scene).kill):
        await asyncio.to_thread(end)
        await scene.under_load(scene.size.either(1, 15))
        await asyncio.to_thread(_of(scene).start)
        await scene.under_load(scene.size.either(2, 15))
    scene.after.append(lambda told: _all_accepted(scene, told))


async def wiped(scene: Scene) -> None:
    """F7: the broker loses everything; the senders make the topics anew and send the whole journals again."""
    await asyncio.to_thread(_of(scene).wipe)
    await scene.under_load(scene.size.either(1, 15))
    await asyncio.to_thread(_of(scene).start)
    scene.after.append(lambda told: _all_accepted(scene, told))


FAULTS = (
    Fault("F6", "broker frozen (SIGSTOP), then thawed", frozen, 30, ("kafka",)),
    Fault("F7", "broker stopped, killed and started again", restarted, 30, ("kafka",)),
    Fault("F7-wiped", "broker killed and its data lost; topics filled again from the journals", wiped, 30, ("kafka",)),
)
