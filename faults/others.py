"""The clock, an older release beside the new one, too much at once (F14, F20, F22)."""

import asyncio
import resource
import shutil
import subprocess
import tempfile
from pathlib import Path

from faults.fault import Fault, Scene
from faults.ledger import Told
from faults.report import ROOT
from services.registry import ALL

FAKETIME = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")
MIGRATIONS = {
    "journal": "services/publication/migrations/0002_operations.py",
    "kafka": "services/catalog/migrations/0003_item_columns.py",  # the first since there is Kafka
}
ROOM = 400_000_000
BURST = 10
COMPLETE_THINGS = """
insert into thing (key, position, version, type)
select distinct on (key) key, position, version, type from journal order by key, version desc, position desc
on conflict (key) do update set position = excluded.position, version = excluded.version, type = excluded.type
where thing.version < excluded.version
"""


def _faketime() -> str | None:
    found = [path for pattern in FAKETIME for path in Path("/").glob(pattern[1:])]
    return str(found[0]) if found else None


def no_faketime() -> str | None:
    """Why no clock can be turned, or None."""
    return None if _faketime() else "libfaketime is not installed (Debian: faketime)"


async def clock(scene: Scene) -> None:
    """F14: the clock of one API and one worker stands two hours back, jumps four ahead, and back again."""
    turned = scene.rig.outside / "clock"
    turned.write_text("-2h\n")
    environment: dict[str, str] = {
        "LD_PRELOAD": str(_faketime()),
        "FAKETIME_TIMESTAMP_FILE": str(turned),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    wrong = (scene.rig["api-1"], scene.rig["worker-1"])
    for process in wrong:
        await process.stop()
        process.prefix = ("env",)  # the library is loaded when a program begins, not by a fork
        await process.start(**environment)
    for jump in ("-2h", "+2h", "-2h"):
        turned.write_text(f"{jump}\n")
        await scene.under_load(scene.size.either(2, 30))
    for process in wrong:
        await process.stop()
        process.prefix = ()
        await process.start()

    def judge(told: Told) -> None:
        refused = sum(line.status == 401 for line in told.lines)
        scene.seen.append(f"{refused} times a token from the future was refused")
        scene.insist(refused > 0, "no clock was wrong")

    scene.after.append(judge)


def no_older_release() -> str | None:
    """Why there is no older code to run, or None."""
    return None if all(map(_before, MIGRATIONS.values())) else "no git history that reaches behind the migrations"


def _before(migration: str) -> str | None:
    if shutil.which("git") is None:
        return None
    git = ["git", "log", "--diff-filter=A", "--format=%H", "--", migration]
    added = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not added:
        return None
    found = subprocess.run(
        ["git", "rev-parse", "--verify", f"{added[-1]}^"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


async def older_release(scene: Scene) -> None:
    """F20: an API and a worker of the release before the migration run beside the new ones, on the migrated schema."""
    commit = _before(MIGRATIONS[scene.rig.bus])
    assert commit
    with tempfile.TemporaryDirectory(prefix="yangguang-older-") as folder:
        Path(folder).chmod(0o755)
        pack = subprocess.Popen(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE)
        await asyncio.to_thread(subprocess.run, ["tar", "-x", "-C", folder], stdin=pack.stdout, check=True)
        older = (scene.rig["api-1"], scene.rig["worker-1"])
        for process in older:
            await process.stop()
            process.cwd = Path(folder)
            await process.start()
        await scene.under_load(scene.size.either(4, 45))
        for process in older:
            await process.stop()
            process.cwd = None
            await process.start()
    await _complete_things(scene)
    scene.seen.append(f"older: commit {commit[:10]}")


async def _complete_things(scene: Scene) -> None:
    """What operators do then (docs/reliability.md): the older sequencer does not know the table `thing`."""
    completed = 0
    for service in ALL:
        async with scene.rig.connect(service.name) as connection:
            completed += int((await connection.execute(COMPLETE_THINGS)).split()[-1])
    scene.seen.append(f"{completed} rows of `thing` left out by the older sequencer, completed afterwards")


async def too_much(scene: Scene) -> None:
    """F22: ten times the load, while the APIs may take little more memory than they have."""
    apis = scene.rig.apis
    for api in apis:
        limit = api.resident() + ROOM
        resource.prlimit(api.pid, resource.RLIMIT_DATA, (limit, limit))
    rate = scene.size.rate * BURST
    scene.loads.append(scene.rig.load(rate, 0))
    peak = 0
    for _ in range(int(scene.size.either(4, 20) * 10)):
        peak = max(peak, *(api.resident() for api in apis))
        await scene.under_load(0.1)
    scene.loads[-1].let_nobody_in()
    scene.seen.append(f"burst of {rate:.0f} clerks/s; {peak / 1e6:.0f} MB at most in an API")
    scene.insist(all(api.alive for api in apis), "an API ran out of memory")
    for api in apis:
        await api.stop()
        await api.start()


FAULTS = (
    Fault(
        "F14",
        "clock of an API and a worker two hours back, then ahead, then back",
        clock,
        possible=no_faketime,
        short=("journal",),
    ),
    Fault(
        "F20",
        "release before the migration beside this one",
        older_release,
        15,
        possible=no_older_release,
        short=("journal",),
    ),
    Fault("F22", "ten times the load on little memory", too_much, 60, short=("journal",)),
)
