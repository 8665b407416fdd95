"""`reconcile`: compare what was said, heard and shown now, and mend what differs."""

import argparse
from collections.abc import Sequence

from libs.common.reconcile import Finding, reconcile, share_of_now
from libs.common.service import Service
from libs.common.settings import Settings
from services.operations import Databases, Roles, console, operator, progress, run, table
from services.processes import service
from services.registry import ALL


def register(roles: Roles) -> None:
    """Add the command to the command line."""
    reconciling = roles.add_parser("reconcile", help="compare and mend read models; exit code 1 when one had drifted")
    reconciling.add_argument("services", nargs="*", metavar="SERVICE", type=service, help="listening services")
    reconciling.add_argument("--full", action="store_true", help="test all hash ranges for missing entries")
    reconciling.set_defaults(do=_reconcile)


def _reconcile(settings: Settings, asked: argparse.Namespace) -> int:
    services: Sequence[Service] = asked.services or ALL
    share = None if asked.full else share_of_now()

    async def compare(databases: Databases) -> int:
        findings: list[Finding] = []
        with progress("reconcile", len(services)) as advance:
            for one in services:
                findings += await reconcile(one, databases, share=share, actor=operator())
                advance(1)
        shown = table("service", "subject", "drift", "repaired", "parked", "for example")
        for finding in findings:
            drift = ", ".join(f"{count} {kind}" for kind, count in finding.drift.items()) or "none"
            parked = str(finding.kinds.get("parked", 0))
            example = finding.keys[0] if finding.keys else ""
            shown.add_row(finding.service, finding.subject, drift, str(finding.repaired), parked, example)
        console.print(shown)
        return int(any(finding.drift for finding in findings))

    names = {one.name for one in services} | {source for one in services for source in one.sources}
    return run(settings, [one for one in ALL if one.name in names], compare)
