"""`resend`: the Kafka sender sends the journal again from a position on, as after a topic lost records."""

import argparse

from libs.common import audit
from libs.common.db import driver_of
from libs.common.service import Service
from libs.common.settings import Settings
from services.operations import Databases, Roles, console, notes, operator, reason, run
from services.processes import service

_HEAD = "select position from journal_head"


def register(roles: Roles) -> None:
    """Add the command to the command line."""
    resending = roles.add_parser("resend", help="send a service's journal to Kafka again from a position on")
    resending.add_argument("service", metavar="SERVICE", type=service, help="the service whose events they are")
    resending.add_argument("--after", required=True, type=int, help="journal position before the first to send; 0: all")
    resending.add_argument("--reason", required=True, type=reason, help="for the audit")
    resending.set_defaults(do=_resend)


def _resend(settings: Settings, asked: argparse.Namespace) -> int:
    from libs.common.kafka.sender import resend  # here: the client library is no part of every start

    source: Service = asked.service

    async def do(databases: Databases) -> int:
        database = databases[source.name]
        head = await database.reads.fetchval(_HEAD)
        if not 0 <= asked.after <= head:
            notes.print(f"yangguang: the journal of {source.name} has the positions 1 to {head}.")
            return 1
        async with database.transaction() as session:
            # The running sender finds its position moved when it saves it, and goes on from here.
            await resend(driver_of(session), asked.after)
            await audit.record(
                session, operator(), "operations.resend", source.name, reason=asked.reason, after=asked.after
            )
        console.print(f"{source.name}: {head - asked.after} events will be sent again; readers drop what they know")
        return 0

    return run(settings, [source], do)
