"""`audit verify`: walk the hash chains."""

import argparse
from collections.abc import Sequence

import asyncpg

from libs.common import audit
from libs.common.service import Service
from libs.common.settings import Settings
from services.operations import Databases, Roles, console, progress, run
from services.processes import service
from services.registry import ALL

_ROWS = "select coalesce(max(position), 0) from audit"


def register(roles: Roles) -> None:
    """Add the command to the command line."""
    nouns = roles.add_parser("audit", help="check the audit").add_subparsers(required=True, metavar="verify")
    verifying = nouns.add_parser("verify", help="name the first bad row of each chain; exit code 1 when there is one")
    verifying.add_argument("services", nargs="*", metavar="SERVICE", type=service)
    verifying.set_defaults(do=_verify)


def _verify(settings: Settings, asked: argparse.Namespace) -> int:
    services: Sequence[Service] = asked.services or ALL

    async def verify(databases: Databases) -> int:
        broken = False
        for one in services:
            # A walk of a long chain takes longer than a statement of the pools may.
            connection = await asyncpg.connect(databases[one.name].dsn, timeout=5)
            try:
                with progress(one.name, await connection.fetchval(_ROWS)) as advance:
                    rows, bad = await audit.verify(connection, advance)
            finally:
                await connection.close()
            broken |= bad is not None
            console.print(f"{one.name}: {rows} rows, " + ("whole" if bad is None else f"BROKEN at row {bad}"))
        return int(broken)

    return run(settings, services, verify)
