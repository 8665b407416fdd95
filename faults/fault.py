"""What a fault is, and how one is played: load, break, heal, converge, settle, compare."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

from faults.invariants import Verdict, by_status, check
from faults.ledger import Told
from faults.observer import Mark, Observer
from faults.rig import Load, Rig

BUSES = ("journal", "kafka")
WARM_SECONDS, TAIL_SECONDS, SETTLE_SECONDS = 1.0, 1.0, 90.0

KAFKA_CONVERGES = 30.0
"""Seconds within which listings are to converge on Kafka, whatever the fault."""


@dataclass(frozen=True)
class Size:
    """How much of everything: clerks per second, hot documents, seconds of load while broken."""

    rate: float
    hot: int
    seconds: float
    long: bool

    def either(self, short: float, long: float) -> float:
        """One of two numbers."""
        return long if self.long else short


CI = Size(rate=6, hot=6, seconds=3, long=False)
LONG = Size(rate=12, hot=60, seconds=40, long=True)


@dataclass
class Scene:
    """What a fault's script sees. `seen` are remarks for the table, `broken` criteria of its own that did not hold."""

    rig: Rig
    observer: Observer
    size: Size
    mark: Mark
    loads: list[Load]
    seen: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    after: list[Callable[[Told], None]] = field(default_factory=list)

    async def under_load(self, seconds: float | None = None) -> None:
        """Let the load run for a while."""
        await asyncio.sleep(self.size.seconds if seconds is None else seconds)

    def insist(self, holds: bool, otherwise: str) -> None:
        """A criterion of this fault beside the invariants."""
        if not holds:
            self.broken.append(otherwise)


Script = Callable[[Scene], Awaitable[None]]
"""Breaks something and heals it; when it returns, everything is to be well again."""


@dataclass(frozen=True)
class Fault:
    """One row of the matrix. `possible` says why it cannot be played here, or None."""

    name: str
    title: str
    script: Script
    converges: float = 15.0
    buses: tuple[str, ...] = BUSES
    possible: Callable[[], str | None] = lambda: None
    poison_every: int = 0
    short: tuple[str, ...] = BUSES
    """The buses on which the short run plays it, too: what has nothing to do with the bus is played on one there."""
    around: Callable[[Rig], AbstractAsyncContextManager[list[str]]] | None = None
    """Holds what stands between the load and the APIs; gives the addresses to call."""
    home: Callable[[], AbstractAsyncContextManager[Path]] | None = None
    """Holds the folder of a rig that is this fault's alone."""


@dataclass(frozen=True)
class Row:
    """What is reported of one fault on one bus."""

    fault: str
    title: str
    bus: str
    ran: bool
    requests: int = 0
    publishes: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    converged: float | None = None
    remarks: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it ran and everything held; a fault that did not run breaks nothing."""
        return not self.ran or (self.verdict.holds and not self.broken)


async def play(rig: Rig, fault: Fault, size: Size) -> Row:
    """Play one fault on a rig that is well."""
    async with fault.around(rig) if fault.around else contextlib.nullcontext([]) as urls:
        return await _play(rig, fault, size, urls)


async def _play(rig: Rig, fault: Fault, size: Size, urls: list[str]) -> Row:
    observer = Observer(rig)
    mark = await observer.mark()
    load = rig.load(size.rate, size.hot, poison_every=fault.poison_every, urls=urls)
    scene = Scene(rig, observer, size, mark, [load])
    try:
        await scene.under_load(WARM_SECONDS)
        await fault.script(scene)
        healed = time.time()
        converged = await observer.converged(healed, SETTLE_SECONDS)
        await scene.under_load(TAIL_SECONDS)
        for each in scene.loads:
            each.let_nobody_in()
        told = Told(*[await each.finished() for each in scene.loads])
    finally:
        for each in scene.loads:
            each.kill()
    behind = await observer.settled(SETTLE_SECONDS)
    scene.insist(not behind, f"still behind: {behind[:2]}")
    limit = fault.converges if rig.bus == "journal" else max(fault.converges, KAFKA_CONVERGES)
    scene.insist(converged is not None and converged <= limit, f"converged in {converged} s, not within {limit:.0f} s")
    scene.insist(not told.acts("unknown") and not told.unanswered, "requests stayed without an answer")
    refused = told.acts("refused")
    scene.insist(not refused, f"{len(refused)} legal acts were refused: {[line.detail[:120] for line in refused[:2]]}")
    scene.insist(told.publishes > 0, "nothing was published")
    for judge in scene.after:
        judge(told)
    verdict = await check(rig, told, mark)
    scene.seen.append(_answers(told))
    scene.seen += [f"500: {line}" for line in rig.broken_requests(mark.at)[:2]]
    if scene.broken:
        scene.seen += [f"503: {count} × at {place}" for place, count in rig.stood(mark.at)[:3]]
    return Row(
        fault.name,
        fault.title,
        rig.bus,
        True,
        told.requests,
        told.publishes,
        verdict,
        converged,
        tuple(scene.seen),
        tuple(scene.broken),
    )


def _answers(told: Told) -> str:
    """The answers other than success, for the remarks."""
    named = {0: "no answer", 500: "500", 503: "503", 401: "401", 429: "429"}
    odd = [f"{n} × {named.get(status, status)}" for status, n in by_status(told).items() if not 200 <= status < 300]
    return "answers: " + (", ".join(odd) if odd else "all 2xx") + f"; slowest {told.slowest:.1f} s"
