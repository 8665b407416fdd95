"""The command `make bench`."""

import os
import platform
import sys
from collections.abc import Callable, Coroutine

import uvloop
from rich.console import Console
from rich.table import Table

from bench import carrying, cataloguing, importing, promises, publishing, reading, rebuilding, starting
from bench.rig import Figure, Rig

Measure = Callable[[Rig], Coroutine[None, None, list[Figure]]]
MEASURES: tuple[Measure, ...] = (
    reading.listing,
    publishing.sequencer,
    publishing.history,
    publishing.throughput,
    carrying.journal_events,
    carrying.kafka_events,
    promises.journal_visible,
    promises.kafka_visible,
    promises.bulk,
    rebuilding.rebuild,
    importing.spreadsheet,
    cataloguing.catalog,
    starting.second_start,
)


def main(names: list[str]) -> None:
    """Run the measurements named (all of them for none) and print the table."""
    console = Console(width=150, highlight=False)
    table = Table(title=f"Yangguang, one run, Python {platform.python_version()}, {os.cpu_count()} cores")
    for column in ("figure", "at least", "measured", ""):
        table.add_column(column)
    for measure in MEASURES:
        if names and measure.__name__ not in names:
            continue
        with Rig.open() as rig:
            for figure in uvloop.run(measure(rig)):
                table.add_row(figure.name, figure.target, figure.measured, "ok" if figure.holds else "MISSED")
                console.print(f"{figure.name}: {figure.measured}")
    console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
