"""The table in `docs/reliability.md`: written by the suite between two markers, never by hand."""

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from faults.fault import Row

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"
MARKERS = ("<!-- {command}: begin -->", "<!-- {command}: end -->")
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
    ran = [row for row in rows if row.ran]
    lost, doubled, disordered, visible = (
        sum(getattr(row.verdict, kind) for row in ran) for kind in ("lost", "doubled", "disordered", "visible")
    )
    day = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    kinds = {(row.fault, row.bus) for row in ran}
    return (
        f"## Results of `{command}` at commit `{tested}`, {day}\n\n"
        f"{len(kinds)} faults in {seconds / 60:.0f} minutes with {rate:g} clerks per second: "
        f"{sum(row.requests for row in ran):,} requests, "
        f"{sum(row.publishes for row in ran):,} acknowledged publishes; {lost} lost, {doubled} doubled, "
        f"{disordered} out of order, {visible} withdrawn ones visible; "
        f"{sum(not row.holds for row in rows)} faults did not hold.\n\n" + HEAD + "".join(_line(row) for row in rows)
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


def write(generated: str, command: str, page: Path = PAGE) -> None:
    """Put the generated part between the markers of its command. The rest of the page is left as it is."""
    begin, end = (marker.format(command=command) for marker in MARKERS)
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    assert found, f"{page} has no {begin}"
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n\n{generated}\n{end}{after}", encoding="utf-8")
