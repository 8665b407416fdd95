"""`replay`: a source says its present state again, for one listening service, to repair what it keeps of it."""

import argparse
from collections.abc import AsyncIterator, Sequence

from libs.common import audit
from libs.common.db import Database
from libs.common.outbox import BATCH
from libs.common.replay import re_say
from libs.common.service import Service
from libs.common.settings import Settings
from services.operations import Databases, Roles, console, notes, operator, progress, run
from services.processes import service

_THINGS = "select count(*) from thing"
_NAMED = "select distinct key from journal where key = any($1) and type = any($2)"
_NEXT = """
select key from (select distinct key from journal where key > $1 and type = any($2)) said order by key limit $3
"""


def register(roles: Roles) -> None:
    """Add the command to the command line."""
    replaying = roles.add_parser("replay", help="say the present state of a source again for one service")
    replaying.add_argument("source", metavar="SOURCE", type=service, help="the service that says it")
    replaying.add_argument("--to", required=True, metavar="SERVICE", type=service, help="the service that hears it")
    replaying.add_argument("--key", action="append", dest="keys", help="only this thing; may be repeated")
    replaying.add_argument("--dry-run", action="store_true", help="say what would be said, and say nothing")
    replaying.set_defaults(do=_replay)


def _replay(settings: Settings, asked: argparse.Namespace) -> int:
    source: Service = asked.source
    group: Service = asked.to
    kinds = sorted(kind.kind for kind in group.listeners if kind.service() == source.name)
    if not kinds:
        notes.print(f"yangguang: {group.name} hears nothing of {source.name}.")
        return 1

    async def replay(databases: Databases) -> int:
        database = databases[source.name]
        named: list[str] | None = asked.keys
        known = await _known(database, kinds, named) if named else None
        total = len(known) if known is not None else await database.reads.fetchval(_THINGS)
        said = 0
        try:
            with progress(f"{source.name} to {group.name}", total) as advance:
                async for keys in _pages(database, kinds, known):
                    said += len(keys) if asked.dry_run else await re_say(database, group.name, keys, kinds)
                    advance(len(keys))
        finally:
            if said and not asked.dry_run:
                await _record(database, group.name, said, known)
        unknown = sorted(set(named or ()) - set(known or ()))
        for key in unknown:
            notes.print(f"{key}: {source.name} said nothing of it that {group.name} hears")
        ending = "would be said again" if asked.dry_run else "said again"
        console.print(f"{source.name} to {group.name}: {ending} {said}")
        return int(bool(unknown))

    return run(settings, [source], replay)


async def _known(database: Database, kinds: Sequence[str], named: Sequence[str]) -> list[str]:
    """Those of the named things of which something of these kinds was said."""
    return [row["key"] for row in await database.reads.fetch(_NAMED, named, kinds)]


async def _pages(database: Database, kinds: Sequence[str], known: list[str] | None) -> AsyncIterator[list[str]]:
    """The keys to say again in batches: the known ones, or all in their order."""
    if known is not None:
        yield known
        return
    last = ""
    while rows := await database.reads.fetch(_NEXT, last, kinds, BATCH):
        yield [row["key"] for row in rows]
        last = rows[-1]["key"]


async def _record(database: Database, group: str, said: int, known: list[str] | None) -> None:
    async with database.transaction() as session:
        things = sorted(known or ())
        await audit.record(session, operator(), "operations.replay", group, things=things[:BATCH], said=said)
