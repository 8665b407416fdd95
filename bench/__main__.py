"""The command `make bench`."""

import asyncio
import platform
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import uvloop
from rich.console import Console
from rich.table import Table

from bench import publishing, reading
from bench.rig import Rig


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    target: str
    measured: str
    holds: bool


Measure = Callable[[Rig], Awaitable[list[tuple[str, str, str, bool]]]]
MEASURES: tuple[Measure, ...] = (reading.listing, publishing.sequencer, publishing.history, publishing.throughput)


async def main() -> None:
    """Run every measurement and print the table."""
    console = Console(width=140)
    table = Table(title=f"Yangguang, one run, Python {platform.python_version()}, {platform.machine()}")
    for column in ("figure", "at least", "measured", ""):
        table.add_column(column)
    for measure in MEASURES:
        with Rig.open() as rig:
            for name, target, measured, holds in await measure(rig):
                table.add_row(name, target, measured, "ok" if holds else "MISSED")
                console.print(f"{name}: {measured}", highlight=False)
    console.print(table)


__all__ = ["asyncio", "statistics", "uvloop"]
if __name__ == "__main__":
    uvloop.run(main())
