"""The table in `docs/reliability.md`: written by the suite between two markers, never by hand."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from faults.fault import Row

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
MARKERS = ("<!-- {command}: begin -->", "<!-- {command}: end -->")
_TOLD = re.compile(r"\d+ faults (in .+ clerks per second): ")
HEAD = (
    "| fault | bus | requests | publishes | lost | doubled | out of order | withdrawn visible | converged in (s) "
    "| held | seen |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |\n"
)


def commit() -> str:
    """The commit that is tested, with a plus sign when files differ from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return (git("rev-parse", "--short=10", "HEAD") or "unknown") + ("+" if git("status", "--porcelain") else "")


def text(rows: Sequence[Row], command: str, rate: float, seconds: float, tested: str) -> str:
    """The generated part of the page; `rate` is how many clerks came per second."""
    lines = [_line(row) for row in rows]
    told = f"in {seconds / 60:.0f} minutes with {rate:g} clerks per second"
    return f"## Results of `{command}` at commit `{tested}`, {_now()}\n\n{_sum(lines, told)}\n\n{HEAD}{''.join(lines)}"


def again(rows: Sequence[Row], before: str, tested: str) -> str:
    """The generated part of the page with some faults played again; each says at which commit."""
    lines = before.strip().splitlines(keepends=True)
    for row in rows:
        said = replace(row, remarks=(*row.remarks, f"played again at commit `{tested}`, {_now()}"))
        same = f"| {row.fault} {row.title} | {row.bus} |"
        lines = [_line(said) if line.startswith(same) else line for line in lines]
    table = [line for line in lines if line.startswith(("| F", "| FP"))]
    told = next(found[1] for line in lines if (found := _TOLD.match(line)))
    return "".join(f"{_sum(table, told)}\n" if _TOLD.match(line) else line for line in lines)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _sum(lines: Sequence[str], told: str) -> str:
    """What all lines of the table come to."""
    every = ([cell.strip() for cell in line.split("|")[1:11]] for line in lines)
    ran = [cells for cells in every if cells[9] != "not run"]
    requests, publishes, lost, doubled, disordered, visible = (
        sum(int(cells[number]) for cells in ran) for number in range(2, 8)
    )
    return (
        f"{len(ran)} faults {told}: {requests:,} requests, {publishes:,} acknowledged publishes; {lost} lost, "
        f"{doubled} doubled, {disordered} out of order, {visible} withdrawn ones visible; "
        f"{sum(cells[9] != 'yes' for cells in ran)} faults did not hold."
    )


def _line(row: Row) -> str:
    if not row.ran:
        return f"| {row.fault} {row.title} | {row.bus} | | | | | | | | not run | {_cell('; '.join(row.remarks))} |\n"
    found = row.verdict
    converged = "never" if row.converged is None else f"{row.converged:.1f}"
    wrong = [*row.broken, *found.examples]
    seen = "; ".join([*(f"**{one}**" for one in wrong), *row.remarks])
    return (
        f"| {row.fault} {row.title} | {row.bus} | {row.requests} | {row.publishes} | {found.lost} | {found.doubled} "
        f"| {found.disordered} | {found.visible} | {converged} | {'yes' if row.holds else '**no**'} | {_cell(seen)} |\n"
    )


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")


def written(command: str, page: Path = PAGE) -> str:
    """What stands between the markers of a command."""
    return _parted(command, page)[1]


def write(generated: str, command: str, page: Path = PAGE) -> None:
    """Put the generated part between the markers of its command. The rest of the page is left as it is."""
    before, _, after = _parted(command, page)
    page.write_text(f"{before}\n\n{generated}\n{after}", encoding="utf-8")


def _parted(command: str, page: Path) -> tuple[str, str, str]:
    begin, end = (marker.format(command=command) for marker in MARKERS)
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    assert found, f"{page} has no {begin}"
    inside, _, after = rest.partition(end)
    return before + begin, inside, end + after
