"""The commands `make faults` and `make faults-long`."""

import argparse
import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace

import uvloop
from rich.console import Console

from faults import matrix, report
from faults.broker import NoBroker, running_broker
from faults.fault import BUSES, CI, LONG, Fault, Row, Size, play
from faults.observer import Observer
from faults.rig import Rig

console = Console(width=160, highlight=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the faults named (all for none) and report. Returns 1 when one did not hold."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="F1, F2, …, FP (every failpoint); all for none")
    parser.add_argument("--bus", choices=BUSES, help="only on this bus")
    parser.add_argument("--long", action="store_true", help="an hour instead of minutes")
    parser.add_argument("--rate", type=float, help="clerks per second; each makes about four requests")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the results into docs/reliability.md; of faults that are named, in the place of their last",
    )
    asked = parser.parse_args(arguments)
    size = LONG if asked.long else CI
    size = replace(size, rate=asked.rate or size.rate)
    tested, started = report.commit(), time.monotonic()
    rows: list[Row] = []
    for bus in [asked.bus] if asked.bus else BUSES:
        chosen = [fault for fault in matrix.FAULTS if not asked.names or _named(fault, asked.names)]
        rows += uvloop.run(_on(bus, chosen, size))
    command = "make faults-long" if asked.long else "make faults"
    if asked.write and (asked.names or asked.bus):
        report.write(report.again(rows, report.written(command), tested), command)
    elif asked.write:
        report.write(report.text(rows, command, size.rate, time.monotonic() - started, tested), command)
    bad = [row for row in rows if not row.holds]
    for row in bad:
        console.print(f"[bold]{row.fault} on {row.bus} did not hold[/bold]: {[*row.broken, *row.verdict.examples]}")
    console.print(f"{len(rows)} faults, {len(bad)} did not hold, {time.monotonic() - started:.0f} s")
    return 1 if bad else 0


def _named(fault: Fault, names: Sequence[str]) -> bool:
    return fault.name in names or fault.name.split()[0] in names


async def _on(bus: str, faults: Sequence[Fault], size: Size) -> list[Row]:
    """Play faults on one bus; a rig that a fault has ruined is thrown away and made anew."""
    left = [fault for fault in faults if bus in fault.buses]
    rows: list[Row] = []
    async with contextlib.AsyncExitStack() as stack:
        broker = None
        if bus == "kafka":
            try:
                broker = await stack.enter_async_context(running_broker())
            except NoBroker as error:
                return [_not_run(fault, bus, str(error)) for fault in left]
        while left:
            async with Rig.open(broker) as rig:
                await Observer(rig).install()
                while left:
                    rows.append(await _one(rig, left.pop(0), size))
                    if not rows[-1].holds:
                        break
    return rows


async def _one(rig: Rig, fault: Fault, size: Size) -> Row:
    if reason := fault.possible():
        return _not_run(fault, rig.bus, reason)
    if not size.long and rig.bus not in fault.short:
        return _not_run(
            fault, rig.bus, "left to `make faults-long`: it takes a minute, or has little to do with the bus"
        )
    started = time.monotonic()
    try:
        async with contextlib.AsyncExitStack() as stack:
            if fault.home:
                home = await stack.enter_async_context(fault.home())
                rig = await stack.enter_async_context(Rig.open(rig.broker, home))
                await Observer(rig).install()
            row = await play(rig, fault, size)
    except Exception as error:  # whatever broke the rig is a result, and the others are still to be played
        console.print_exception(max_frames=8)
        row = Row(fault.name, fault.title, rig.bus, True, broken=(f"{type(error).__name__}: {str(error)[:300]}",))
    _tell(row, time.monotonic() - started)
    return row


def _not_run(fault: Fault, bus: str, reason: str) -> Row:
    row = Row(fault.name, fault.title, bus, ran=False, remarks=(reason,))
    _tell(row, 0)
    return row


def _tell(row: Row, seconds: float) -> None:
    state = "not run" if not row.ran else "held" if row.holds else "DID NOT HOLD"
    found = row.verdict
    console.print(
        f"{row.fault:8} {row.bus:8} {state:13} {seconds:4.0f} s  {row.publishes} published of {row.requests} requests, "
        f"lost {found.lost}, doubled {found.doubled}, disordered {found.disordered}, visible {found.visible}, "
        f"converged {row.converged if row.converged is None else round(row.converged, 1)}; {'; '.join(row.remarks)}",
        soft_wrap=True,
    )
    for wrong in (*row.broken, *found.examples):
        console.print(f"    {wrong}", soft_wrap=True)


if __name__ == "__main__":
    raise SystemExit(main())
