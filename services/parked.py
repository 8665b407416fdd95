"""`parked`: see the keys that poison events have parked, drive them again, or pass over them."""

import argparse
import asyncio
from collections import Counter
from collections.abc import Sequence

import orjson
from rich.text import Text

from libs.common import parked
from libs.common.inbox import Delivery, is_transient
from libs.common.parked import Done, Outcome, Parked
from libs.common.permission import Actor
from libs.common.service import Service
from libs.common.settings import Settings
from services.operations import Databases, Roles, console, notes, operator, progress, reason, run, table
from services.processes import service
from services.registry import ALL

LISTED = 200
TRIES = 5
RETRY_SECONDS = 0.5
_FAILED = (Outcome.STILL_PARKED, Outcome.NOTHING_KEPT)


def register(roles: Roles) -> None:
    """Add the command to the command line."""
    nouns = roles.add_parser("parked", help="see, redrive or drop parked keys").add_subparsers(
        required=True, metavar="list|show|redrive|drop"
    )
    listing = nouns.add_parser("list", help="what is parked, longest first")
    listing.add_argument("services", nargs="*", metavar="SERVICE", type=service)
    listing.add_argument("--limit", type=int, default=LISTED, help=f"most keys per service; {LISTED} when left out")
    listing.set_defaults(do=_list)
    showing = nouns.add_parser("show", help="one parked key with its cause and the event that is kept")
    showing.set_defaults(do=_show)
    redriving = nouns.add_parser("redrive", help="apply the event kept of parked keys; exit code 1 when one fails")
    redriving.set_defaults(do=_redrive)
    dropping = nouns.add_parser("drop", help="pass over the event kept of a parked key for good")
    dropping.add_argument("--reason", required=True, type=reason, help="why; stands in the audit")
    dropping.set_defaults(do=_drop)
    for one in (showing, redriving, dropping):
        one.add_argument("service", metavar="SERVICE", type=service, help="the listening service")
    redriving.add_argument("keys", nargs="*", metavar="KEY", help="all parked keys when none is named")
    for one in (showing, dropping):
        one.add_argument("key", metavar="KEY")
    for one in (redriving, dropping):
        one.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")


def _list(settings: Settings, asked: argparse.Namespace) -> int:
    services: Sequence[Service] = asked.services or ALL

    async def show(databases: Databases) -> int:
        made = table("key", "service", "source", "event", "attempts", "parked (UTC)", "reason")
        count = 0
        for one in services:
            for row in await parked.parked(databases[one.name].reads, asked.limit):
                count += 1
                cause = Text(row.reason.splitlines()[0][:120])
                when = f"{row.parked_at:%Y-%m-%d %H:%M:%S}"
                made.add_row(row.key, one.name, row.source, _event(row), str(row.attempts), when, cause)
        console.print(made if count else "Nothing is parked.")
        return 0

    return run(settings, services, show)


def _show(settings: Settings, asked: argparse.Namespace) -> int:
    async def show(databases: Databases) -> int:
        rows = await parked.find(databases[asked.service.name].reads, asked.key)
        for row in rows:
            console.print(f"{row.key} of {row.source}, parked in {asked.service.name}")
            console.print(f"  since      {row.parked_at:%Y-%m-%d %H:%M:%S} UTC, from position {row.from_position}")
            console.print(f"  attempts   {row.attempts}")
            console.print(f"  event      {_event(row)}")
            console.print(f"  reason     {row.reason}", soft_wrap=True)
            if row.event is None:
                console.print(f"  {_say_again(asked.service, row.source, row.key)}", soft_wrap=True)
            else:
                console.print(f"  position   {row.event.position}, said {row.event.created_at:%Y-%m-%d %H:%M:%S} UTC")
                payload = orjson.loads(row.event.payload)
                console.print(orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode(), soft_wrap=True)
        if not rows:
            notes.print(f"{asked.key} is not parked in {asked.service.name}.")
        return int(not rows)

    return run(settings, [asked.service], show)


def _redrive(settings: Settings, asked: argparse.Namespace) -> int:
    one: Service = asked.service
    actor = operator()

    async def redrive(databases: Databases) -> int:
        database = databases[one.name]
        names = await parked.names(database.reads)
        chosen = [(source, key) for source, key in names if not asked.keys or key in asked.keys]
        for missing in sorted(set(asked.keys) - {key for _, key in chosen}):
            console.print(f"{missing}: not parked")
        outcomes: Counter[Outcome] = Counter()
        with progress("Redriving", len(chosen)) as advance:
            for source, key in chosen:
                done = await _drive(Delivery(one, database, source), key, actor, asked.dry_run)
                outcomes[done.outcome] += 1
                if asked.keys or done.outcome in _FAILED:
                    console.print(f"{key}: {_says(one, source, key, done)}{_dry(asked)}", soft_wrap=True)
                advance(1)
        counts = ", ".join(f"{number} {outcome}" for outcome, number in sorted(outcomes.items()))
        console.print(f"{one.name}: {counts or 'nothing is parked'}" + _dry(asked))
        return int(any(outcomes[outcome] for outcome in _FAILED))

    return run(settings, [one], redrive)


async def _drive(delivery: Delivery, key: str, actor: Actor, dry_run: bool) -> Done:
    for _ in range(TRIES - 1):
        try:
            return await parked.redrive(delivery, key, actor, dry_run=dry_run)
        except Exception as error:
            if not is_transient(error):
                raise
            await asyncio.sleep(RETRY_SECONDS)  # a lock that a batch holds, a lost connection
    return await parked.redrive(delivery, key, actor, dry_run=dry_run)


def _drop(settings: Settings, asked: argparse.Namespace) -> int:
    one: Service = asked.service

    async def drop(databases: Databases) -> int:
        rows = await parked.find(databases[one.name].reads, asked.key)
        for row in rows:
            delivery = Delivery(one, databases[one.name], row.source)
            done = await parked.drop(delivery, asked.key, operator(), asked.reason, dry_run=asked.dry_run)
            console.print(f"{asked.key}: {_says(one, row.source, asked.key, done)}{_dry(asked)}", soft_wrap=True)
        if not rows:
            console.print(f"{asked.key}: not parked")
        return 0

    return run(settings, [one], drop)


def _dry(asked: argparse.Namespace) -> str:
    return " (dry run)" if asked.dry_run else ""


def _event(row: Parked) -> str:
    return f"{row.event.type}, version {row.event.version}" if row.event else "none kept"


def _says(one: Service, source: str, key: str, done: Done) -> str:
    match done.outcome:
        case Outcome.STALE:
            return f"version {done.version} of {source} is old news by now: no longer parked"
        case Outcome.STILL_PARKED:
            return f"still parked: {done.reason}"
        case Outcome.NOTHING_KEPT:
            return _say_again(one, source, key)
        case Outcome.NOT_PARKED:
            return "not parked"
        case _:
            return f"version {done.version} of {source} {done.outcome}" if done.version else str(done.outcome)


def _say_again(one: Service, source: str, key: str) -> str:
    return (
        f"parked by a release that kept no event; have {source} say it again, then redrive: "
        f"python -m services replay {source} --to {one.name} --key {key}"
    )
