"""The table of the fault suite: written between its markers, and row by row when a fault is played again."""

from pathlib import Path

import pytest

from faults import report
from faults.fault import Row
from faults.invariants import Verdict

COMMAND = "make faults"


def row(name: str, bus: str, requests: int, *broken: str, ran: bool = True) -> Row:
    """What came of a fault."""
    return Row(name, "a title", bus, ran, requests, requests // 4, Verdict(), 0.5, ("all 2xx",), broken)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page with a table of three faults, of which one did not hold."""
    path = tmp_path / "reliability.md"
    path.write_text("before\n<!-- make faults: begin -->\n<!-- make faults: end -->\nafter\n", encoding="utf-8")
    rows = [row("F1", "journal", 400), row("F2", "journal", 200, "it took 9 s"), row("F3", "kafka", 0, ran=False)]
    report.write(report.text(rows, COMMAND, 6, 90, "abc"), COMMAND, path)
    return path


def test_a_table_sums_what_ran(page: Path) -> None:
    said = page.read_text(encoding="utf-8")
    assert (said[:7], said[-6:]) == ("before\n", "after\n")
    assert "2 faults in 2 minutes with 6 clerks per second: 600 requests, 150 acknowledged publishes; 0 lost" in said
    assert "1 faults did not hold." in said
    assert "at commit `abc`" in said


def test_a_fault_that_is_played_again_takes_the_place_of_its_last_row(page: Path) -> None:
    mended = report.again([row("F2", "journal", 240)], report.written(COMMAND, page), "def")
    report.write(mended, COMMAND, page)
    said = page.read_text(encoding="utf-8")
    assert (said[:7], said[-6:]) == ("before\n", "after\n")
    assert "640 requests, 160 acknowledged publishes" in said
    assert "0 faults did not hold." in said
    assert "it took 9 s" not in said
    assert said.count("| F2 a title | journal |") == 1
    assert "played again at commit `def`" in said
    assert "at commit `abc`" in said
