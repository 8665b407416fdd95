"""`rebuild`: make a projection anew from the events and put it in the place of the one in use."""

import argparse

from libs.common.projections import Projection
from libs.common.rebuild import RebuildRefused, Report, rebuild, things
from libs.common.service import Service
from libs.common.settings import Settings
from libs.common.settling import Settler
from services.operations import Databases, Roles, console, notes, operator, progress, run
from services.processes import service
from services.registry import ALL, pick

KNOWN = [f"{one.slug} {projection.name}" for one in ALL for projection in one.projections]


def register(roles: Roles) -> None:
    """Add the command to the command line."""
    rebuilding = roles.add_parser("rebuild", help="make a projection anew from the events; readers never notice")
    rebuilding.add_argument("service", metavar="SERVICE", type=service)
    rebuilding.add_argument("projection", metavar="PROJECTION", help=f"one of: {', '.join(KNOWN)}")
    rebuilding.add_argument("--dry-run", action="store_true", help="make it beside and compare, change nothing")
    rebuilding.set_defaults(do=_rebuild)


def _rebuild(settings: Settings, asked: argparse.Namespace) -> int:
    one: Service = asked.service
    found: dict[str, Projection] = {projection.name: projection for projection in one.projections}
    if asked.projection not in found:
        notes.print(f"yangguang: no projection {one.slug} {asked.projection}; there are: {', '.join(KNOWN)}")
        return 1
    projection = found[asked.projection]

    async def remake(databases: Databases) -> int:
        settler = Settler(one, projection, databases)
        try:
            with progress(settler.name, await things(settler)) as bar:
                report = await rebuild(settler, operator(), dry_run=asked.dry_run, progress=bar)
        except RebuildRefused as refused:
            notes.print(f"yangguang: {refused}")
            return 1
        console.print(_told(settler.name, report))
        return 0

    sources = {source: pick([source])[0] for source in projection.sources}
    return run(settings, list({one.name: one, **sources}.values()), remake)


def _told(name: str, report: Report) -> str:
    found = ", ".join(f"{count} {how}" for how, count in report.differences.items()) or "no difference"
    done = "put in place" if report.swapped else "compared only (dry run)"
    rate = report.things / max(report.seconds, 1e-9)
    return (
        f"{name}: {report.things} things in {report.seconds:.1f} s ({rate:,.0f} /s), {done}; entries that were wrong: "
        f"{found}; {report.in_motion} in motion, not compared"
    )
