"""Processes that are killed, suspended, replaced, or fail at a named place (F1-F5, F18, failpoints)."""

import asyncio
import contextlib
import os
import time
from functools import partial

from faults.fault import Fault, Scene
from faults.ledger import Told
from faults.process import NotReady, Process
from libs.common.failpoints import POINTS
from services.nursery import fork

SEQUENCER_SECONDS, CONSUMER_SECONDS = 2.0, 15.0
API_POINTS, COMMAND_POINTS = ("act.", "idempotency."), ("rebuild.",)
LISTENER_PLACES = ("inbox.before_commit", "inbox.after_commit")
PASSINGS = (1, 5, 20)
LEADER_POINTS = ("sequencer.", "sender.")
KAFKA_POINTS = ("sender.", "kafka.")
POINTS_OF = {
    "journal": sorted(point for point in POINTS if not point.startswith(KAFKA_POINTS)),
    "kafka": sorted(POINTS),
}
FIRE_SECONDS, REBUILD_SECONDS = 20.0, 60.0
STANDBY_TRIES = 400


async def kill_apis(scene: Scene) -> None:
    """F1: an API process is killed about once a second, in the middle of whatever it does."""
    rounds = int(scene.size.either(3, 20))
    for n in range(rounds):
        api = scene.rig.apis[n % len(scene.rig.apis)]
        await scene.under_load(scene.size.seconds / rounds)
        api.kill()
        await api.start()
    scene.seen.append(f"{rounds} kills")


async def kill_listeners(scene: Scene) -> None:
    """F3: a worker dies inside a listener's transaction, or between its commit and what it tells the bus of it."""
    hearing: list[float | None] = []
    for n in range(int(scene.size.either(2, 16))):
        worker = scene.rig.workers[n % len(scene.rig.workers)]
        place = LISTENER_PLACES[(n + n // 2) % len(LISTENER_PLACES)]
        await worker.stop()
        with contextlib.suppress(NotReady):  # it may die before it is asked whether it is ready
            await worker.start(FAILPOINTS=f"{place}=kill:{PASSINGS[n % len(PASSINGS)]}")
        scene.insist(await worker.ended(FIRE_SECONDS), f"no listener came to {place}")
        killed = time.time()
        await _until_worked(scene, killed)
        hearing.append(await scene.observer.first_effect("catalog", killed))
        await worker.start()
        await scene.under_load(scene.size.seconds / 20)
    scene.seen.append(f"at {' and '.join(LISTENER_PLACES)}")
    _report_takeover(scene, "consumer", hearing, CONSUMER_SECONDS)


async def kill_workers(scene: Scene) -> None:
    """F2: a worker is killed; the other one goes on with its sequencing, sending and listening."""
    sequencing, hearing = [], []
    rounds = int(scene.size.either(3, 12))
    for n in range(rounds):
        worker = scene.rig.workers[n % len(scene.rig.workers)]
        await scene.under_load(scene.size.seconds / rounds)
        worker.kill()
        killed = time.time()
        await _until_worked(scene, killed)
        sequencing.append(await scene.observer.first_sequenced("publication", killed))
        hearing.append(await scene.observer.first_effect("catalog", killed))
        await worker.start()
    _report_takeover(scene, "sequencer", sequencing, SEQUENCER_SECONDS)
    _report_takeover(scene, "consumer", hearing, CONSUMER_SECONDS)


async def _until_worked(scene: Scene, after: float) -> None:
    for _ in range(int(CONSUMER_SECONDS * 10)):
        hears = await scene.observer.first_effect("catalog", after) is not None
        if hears and await scene.observer.first_sequenced("publication", after) is not None:
            return
        await asyncio.sleep(0.1)


def _report_takeover(scene: Scene, what: str, measured: list[float | None], limit: float) -> None:
    times = [seconds for seconds in measured if seconds is not None]
    scene.insist(len(times) == len(measured), f"no {what} took over")
    if times:
        scene.seen.append(f"{what} takeover ≤ {max(times):.1f} s ({len(times)} kills)")
        scene.insist(max(times) <= limit, f"{what} takeover took {max(times):.1f} s, not {limit:.0f} s")


async def suspend_leader(scene: Scene) -> None:
    """F4: one worker after the other is frozen, so that one of them holds the leaders' locks, and thawed again."""
    silences = []
    for worker in scene.rig.workers:
        frozen = time.time()
        worker.suspend()
        await asyncio.sleep(scene.size.either(4 if scene.rig.bus == "journal" else 7, 15))
        worker.resume()
        silences.append(await scene.observer.silence("catalog", frozen, time.time()))
    scene.seen.append(f"longest silence of a listener {max(silences):.1f} s")
    scene.insist(max(silences) <= 12, f"the standby worked only after {max(silences):.1f} s")


async def suspend(scene: Scene, part: str) -> None:
    """F5: a worker is frozen, if it can be hit in the middle of a transaction of `part`, and thawed again."""
    worker = scene.rig.workers[0]
    inside = await _suspend_inside(scene, worker, part)
    frozen = time.time()
    await asyncio.sleep(scene.size.either(12, 30))
    worker.resume()
    silent = await scene.observer.silence("catalog", frozen, time.time())
    where = "inside a transaction" if inside else "between transactions"
    scene.seen.append(f"frozen {where}; longest silence of a listener {silent:.1f} s")
    scene.insist(silent <= 12.5, f"the standby worked only after {silent:.1f} s")


async def _suspend_inside(scene: Scene, worker: Process, part: str) -> bool:
    """Freeze it with a transaction open: that holds the locks that the others need. False when that never succeeded."""
    open_now = (
        "select count(*) from pg_stat_activity where application_name like $1 and state = 'idle in transaction'"
        " and clock_timestamp() - state_change > interval '20 ms'"
    )
    other = next(one for one in scene.rig.workers if one is not worker)
    async with scene.rig.connect() as connection:
        for _ in range(int(scene.size.either(60, STANDBY_TRIES))):
            worker.suspend()
            await asyncio.sleep(0.03)
            if await connection.fetchval(open_now, f"%-{part}"):
                return True
            worker.resume()
            await asyncio.sleep(0.01)
    assert other.alive
    worker.suspend()
    return False


async def rolling_restart(scene: Scene) -> None:
    """F18: every process is stopped as a supervisor does and started again, one after the other."""
    for process in [*scene.rig.apis, *scene.rig.workers]:
        code = await process.stop()
        scene.insist(code == 0, f"{process.name} ended with {code}: {process.tail()[-700:] if code else ''}")
        await process.start()
        await scene.under_load(0.3)

    def judge(told: Told) -> None:
        failed = told.count("unknown")
        refused = sum(line.answer == "refused" and line.status == 0 for line in told.lines)
        scene.seen.append(f"{failed} failed requests; {refused} refused connections, taken to the other API")
        scene.insist(failed == 0, f"{failed} requests failed")

    scene.after.append(judge)


async def at_failpoints(scene: Scene, action: str) -> None:
    """At every named place, one after the other, a process dies (and is started again) or what it does there fails."""
    fired: list[str] = []
    every = POINTS_OF[scene.rig.bus]
    for group in (scene.rig.apis, scene.rig.workers):
        process = group[0]
        served = [point for point in every if not point.startswith(COMMAND_POINTS)]
        points = [point for point in served if point.startswith(API_POINTS) == (group == scene.rig.apis)]
        await process.stop()
        for point in points:
            if point.startswith(LEADER_POINTS):
                for other in group[1:]:  # it leads when the other has let go
                    await other.stop()
            with contextlib.suppress(NotReady):  # of a leader the second passing may come before it is ready
                await process.start(FAILPOINTS=f"{point}={action}:2")  # the second passing: it has worked before
            if await _fired(process, point, action):
                fired.append(point)
            await process.stop()
        for one in group:
            if not one.alive:
                await one.start()
    for point in [point for point in every if point.startswith(COMMAND_POINTS)]:
        if await _rebuild(scene, FAILPOINTS=f"{point}={action}"):
            fired.append(point)
        code = await _rebuild(scene)
        scene.insist(code == 0, f"after {action} at {point} a rebuild ended with {code}")
    missed = sorted(set(every) - set(fired))
    scene.seen.append(f"{len(fired)} places: {', '.join(fired)}")
    scene.insist(not missed, f"never passed: {missed}")


async def _rebuild(scene: Scene, **extra: str) -> int:
    """Make publication's listing anew beside the load. Returns the exit code of the command."""
    environment = {**os.environ, **scene.rig.environment(), **extra}
    command = ("services", "rebuild", "publication", "listing")
    child = await asyncio.to_thread(fork, command, environment, scene.rig.outside / "rebuild.log")
    return await asyncio.to_thread(child.wait, REBUILD_SECONDS)


async def _fired(process: Process, point: str, action: str) -> bool:
    if action == "kill":
        return await process.ended(FIRE_SECONDS)
    for _ in range(int(FIRE_SECONDS * 20)):
        said = process.tail()
        if any("failpoint" in line and point in line and action in line for line in said.splitlines()):
            return True
        await asyncio.sleep(0.05)
    return False


FAULTS = (
    Fault("F1", "`kill -9` of the API, once a second", kill_apis, 5, short=("journal",)),
    Fault("F2", "`kill -9` of a worker: sequencer, sender and listeners", kill_workers, 15),
    Fault("F3", "`kill -9` of a listener in its transaction, and right after it", kill_listeners, 5, short=("kafka",)),
    Fault("F4", "sequencer and sender frozen (SIGSTOP), then thawed", suspend_leader),
    Fault("F5", "listener frozen (SIGSTOP), then thawed", partial(suspend, part="write")),
    Fault("F18", "rolling restart of every process", rolling_restart, 10),
    Fault("FP-kill", "`kill -9` at every failpoint", partial(at_failpoints, action="kill")),
    Fault("FP-raise", "a failure at every failpoint", partial(at_failpoints, action="raise"), short=("journal",)),
)
