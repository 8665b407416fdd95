"""The database is lost, and restored from a base backup and the log that was copied away meanwhile (F21)."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from faults.fault import Fault, Scene
from faults.rig import Rig
from libs.common.postmaster import binaries

RECEIVER = "pg_receivewal"
RECEIVES_SECONDS, ENDS_SECONDS = 10.0, 20.0


async def lost(scene: Scene) -> None:
    """F21: the folder of the database is gone. All that was acknowledged is in the log: commits wait for its copy."""
    rig = scene.rig
    cluster, base, log = rig.folder / "postgres", rig.outside / "base", rig.outside / "log"
    for folder in (base, log):
        shutil.rmtree(folder, ignore_errors=True)
    log.mkdir()
    with _receiving(rig, log) as receiver:
        await _commits_wait_for_the_copy(scene)
        await asyncio.to_thread(_run, rig, "pg_basebackup", "-D", base, "-X", "none", "-c", "fast", "--no-sync")
        await scene.under_load()
        for process in rig.postgres_processes():
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(rig.postgres.stop)
        await asyncio.to_thread(receiver.wait, ENDS_SECONDS)
    began = time.monotonic()
    await asyncio.to_thread(_put_back, base, log, cluster)
    await asyncio.to_thread(rig.postgres.start)
    scene.seen.append(f"restored in {time.monotonic() - began:.1f} s from {_size(log) / 1e6:.0f} MB of log")
    async with rig.connect() as connection:
        await connection.execute("alter system reset all")
        await connection.execute("select pg_reload_conf()")


async def _commits_wait_for_the_copy(scene: Scene) -> None:
    async with scene.rig.connect() as connection:
        await connection.execute(f"alter system set synchronous_standby_names = '{RECEIVER}'")
        await connection.execute("select pg_reload_conf()")
        async with asyncio.timeout(RECEIVES_SECONDS):
            while not await connection.fetchval("select count(*) from pg_stat_replication where sync_state = 'sync'"):
                await scene.under_load(0.1)


@contextlib.contextmanager
def _receiving(rig: Rig, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [*_program(rig, RECEIVER), "-D", str(log), "--synchronous", "--no-loop"]
    receiver = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield receiver
    finally:
        receiver.kill()
        receiver.wait()


def _program(rig: Rig, name: str) -> list[str]:
    return [str(binaries() / name), "-h", str(rig.socket.parent), "-U", "postgres"]


def _run(rig: Rig, name: str, *arguments: str | Path) -> None:
    subprocess.run([*_program(rig, name), *map(str, arguments)], check=True, capture_output=True)


def _put_back(base: Path, log: Path, cluster: Path) -> None:
    """What docs/operations.md tells operators to do."""
    owner = cluster.stat()
    shutil.rmtree(cluster)
    shutil.copytree(base, cluster)
    for unfinished in log.glob("*.partial"):
        unfinished.rename(unfinished.with_suffix(""))
    (cluster / "postgresql.auto.conf").write_text(f"restore_command = 'cp {log}/%f %p'\nhot_standby = off\n")
    (cluster / "recovery.signal").touch()
    for path in (cluster, *cluster.rglob("*"), log, *log.iterdir()):
        os.chown(path, owner.st_uid, owner.st_gid)
    cluster.chmod(0o700)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


FAULTS = (Fault("F21", "database lost, restored from a base backup and its log", lost, short=()),)
