"""What happens to PostgreSQL: crash, freeze, lost connections, full disk, old transactions (F8-F10, F13, F15)."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg

from faults.fault import Fault, Scene
from faults.ledger import Told
from services.registry import ALL

ANSWER_SECONDS = 6.0
FILL_BYTES = 1 << 20
TMPFS = "size=512m,mode=755"


async def crash(scene: Scene) -> None:
    """F8: the server stops at once, as in a power cut, and is started again: it recovers from its log."""
    await scene.under_load()
    postmaster = scene.rig.postgres_processes()[0]
    postmaster.send_signal(signal.SIGQUIT)
    await asyncio.to_thread(scene.rig.postgres.stop)
    await scene.under_load(scene.size.either(1, 5))
    await asyncio.to_thread(scene.rig.postgres.start)
    up = time.time()

    def judge(told: Told) -> None:
        late = told.last(500) - up
        scene.insist(late <= 10, f"a 500 came {late:.1f} s after the database was back")

    scene.after.append(judge)


async def freeze(scene: Scene) -> None:
    """F9: every process of the server stands still, its connections stay open."""
    await scene.under_load(1)
    scene.rig.freeze_postgres()
    try:
        await scene.under_load(scene.size.either(9, 20))
    finally:
        scene.rig.thaw_postgres()

    def judge(told: Told) -> None:
        scene.insist(told.slowest <= ANSWER_SECONDS + 1, f"a request took {told.slowest:.1f} s")
        scene.insist(told.count("unknown", 500) == 0, f"{told.count('unknown', 500)} answers were 500")

    scene.after.append(judge)


async def cut_connections(scene: Scene) -> None:
    """F10: twice a second a random connection to the database is terminated by the server."""
    chance = random.Random(20261126)
    ended = 0
    async with scene.rig.connect() as connection:
        for _ in range(int(scene.size.seconds * 2)):
            found = await connection.fetch(
                "select pid from pg_stat_activity where backend_type = 'client backend'"
                " and application_name <> 'faults'"
            )
            if found:
                await connection.execute("select pg_terminate_backend($1)", chance.choice(found)["pid"])
                ended += 1
            await scene.under_load(0.5)
    scene.seen.append(f"{ended} connections ended")


async def forgotten_transactions(scene: Scene) -> None:
    """F15: transactions stay open, with an id and a snapshot, in another database and in each of ours."""
    async with contextlib.AsyncExitStack() as stack:
        for service in (None, *(service.name for service in ALL)):
            connection = await stack.enter_async_context(scene.rig.connect(service))
            await _begin(connection)
        await scene.under_load()
        started = time.time()
        lag = await scene.observer.converged(started, 5)
    scene.seen.append("no prepared transaction: the embedded server allows none")
    scene.insist(lag is not None, "listeners waited for a transaction that has nothing to do with them")


async def _begin(connection: asyncpg.Connection) -> None:
    await connection.execute("set idle_in_transaction_session_timeout = 0")
    await connection.execute("begin isolation level repeatable read")
    await connection.execute("create temporary table forgotten on commit drop as select txid_current() as id")


async def full_disk(scene: Scene) -> None:
    """F13: the file system of the database is filled up, and freed again."""
    ballast = scene.rig.folder / "ballast"
    await asyncio.to_thread(_fill, ballast)
    await scene.under_load(scene.size.either(5, 30))
    ballast.unlink()
    crashed = not scene.rig.postgres_processes()
    if crashed:  # it had no room to recover in
        await asyncio.to_thread(scene.rig.postgres.stop)
        await asyncio.to_thread(scene.rig.postgres.start)
    scene.seen.append("PostgreSQL had to be started again" if crashed else "PostgreSQL stayed up")
    scene.after.append(
        lambda told: scene.insist(told.count("unknown", 500) == 0, f"{told.count('unknown', 500)} answers were 500")
    )


def _fill(ballast: Path) -> None:
    """Write until there is no room, first in large pieces, then in small ones."""
    handle = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for piece in (FILL_BYTES, 4096):
        with contextlib.suppress(OSError):
            while True:
                os.write(handle, b"\0" * piece)
    os.close(handle)


@contextlib.contextmanager
def tmpfs() -> Iterator[Path]:
    """A small file system in memory."""
    with tempfile.TemporaryDirectory(prefix="yangguang-tmpfs-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", TMPFS, "tmpfs", folder], check=True, capture_output=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=False, capture_output=True)


def no_tmpfs() -> str | None:
    """Why no small file system can be had here, or None."""
    try:
        with tmpfs():
            return None
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        return f"a tmpfs cannot be mounted here: {said.decode().strip()}"


@contextlib.asynccontextmanager
async def full_home() -> AsyncIterator[Path]:
    """The small file system as the home of a rig of its own."""
    with tmpfs() as folder:
        yield folder


FAULTS = (
    Fault("F8", "PostgreSQL stopped at once and started again", crash),
    Fault("F9", "PostgreSQL frozen (SIGSTOP), then thawed", freeze, 10, short=("journal",)),
    Fault("F10", "random connections terminated, two a second", cut_connections, 5, short=("journal",)),
    Fault("F13", "disk full, then freed", full_disk, possible=no_tmpfs, home=full_home, short=("journal",)),
    Fault("F15", "forgotten transactions in every database and another", forgotten_transactions, 5, short=("journal",)),
)
