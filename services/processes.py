"""What each role of the command line does."""

import argparse
import asyncio
import contextlib
import gc
from collections.abc import Awaitable, Callable, Iterator, Sequence

import uvloop
from rich.console import Console
from starlette.types import ASGIApp

from libs.common.app import build, operations_app
from libs.common.embedded import DataDirBusy, EmbeddedPostgres
from libs.common.migrate import create_database, is_current, upgrade
from libs.common.runtime import Dsn, database_name, resources, run
from libs.common.service import Service
from libs.common.settings import Settings
from services import demo
from services.registry import ALL, pick

console = Console()
GC_YOUNG = 20_000


def service(name: str) -> Service:
    """A service by its name, for the command line."""
    try:
        return pick([name])[0]
    except KeyError:
        known = ", ".join(s.slug for s in ALL)
        raise argparse.ArgumentTypeError(f"no service {name}; there are {known}") from None


def everything(settings: Settings, _asked: argparse.Namespace) -> int:
    """`all`: five services, api and worker, in this process."""
    with databases(settings) as dsn:
        _migrate(ALL, dsn)
        uvloop.run(_serve(settings, ALL, ALL, dsn, lambda port: _welcome(settings, port)))
    console.print("Stopped.")
    return 0


def api(settings: Settings, asked: argparse.Namespace) -> int:
    """`api`: answer HTTP."""
    with databases(settings) as dsn:
        uvloop.run(_serve(settings, asked.services or ALL, [], dsn, None))
    return 0


def worker(settings: Settings, asked: argparse.Namespace) -> int:
    """`worker`: sequence and deliver; answers only health and metrics."""
    with databases(settings) as dsn:
        uvloop.run(_serve(settings, [], asked.services or ALL, dsn, None))
    return 0


def migrate(settings: Settings, asked: argparse.Namespace) -> int:
    """`migrate`: create what is missing and bring the schemas to the newest revision."""
    with databases(settings) as dsn:
        _migrate(asked.services or ALL, dsn)
    return 0


@contextlib.contextmanager
def databases(settings: Settings, *, beside: bool = False) -> Iterator[Dsn]:
    """Where the databases are: the configured server, or the embedded one, started and stopped around the block.

    With `beside`, the embedded server that a running program keeps is used, too, and left alone.
    """
    if settings.database_url is not None:
        url = settings.database_url
        yield lambda name: url.replace("{service}", name)
        return
    postgres = EmbeddedPostgres(settings.data_dir)
    try:
        try:
            postgres.start()
        except DataDirBusy:
            if not beside or not postgres.join():
                raise
        yield lambda name: postgres.dsn(database_name(name))
    finally:
        postgres.stop()


def _migrate(services: Sequence[Service], dsn: Dsn) -> None:
    for one in services:
        if not asyncio.run(is_current(one, dsn(one.name))):
            asyncio.run(create_database(dsn(one.name)))
            upgrade(one, dsn(one.name))


async def _serve(
    settings: Settings,
    served: Sequence[Service],
    worked: Sequence[Service],
    dsn: Dsn,
    started: Callable[[int], Awaitable[None]] | None,
) -> None:
    async with resources(settings, [*{s.name: s for s in [*served, *worked]}.values()], dsn) as shared:
        app: ASGIApp = build(served, shared) if served else operations_app(worked, shared)
        # What start-up has made stays for good: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        # An act makes thousands of short-lived objects: at the default of 700 the collector runs several times in each.
        gc.set_threshold(GC_YOUNG, 20, 50)
        await run(app, settings, worked, shared.databases, started)


async def _welcome(settings: Settings, port: int) -> None:
    """Load the demo county once, then say where to look."""
    if settings.demo and settings.database_url is None:
        await demo.load_once(settings, port, console)
    url = f"http://127.0.0.1:{port}"
    console.print(f"\n[bold]Yangguang is up on {url}[/bold]  (Ctrl-C stops it)")
    for path, says in (
        ("/publication/listings/990001", "what the county publishes"),
        ("/publication/listings/990001101?scope=below", "what the villages of a town publish"),
        ("/village-affairs/villages/990001101201/listing", "the board of a village"),
        ("/policy-interpretation/duties", "who owes an interpretation, and by when"),
        ("/catalog/coverage/990001", "what must be public, and whether it is"),
        ("/publication/docs", "the API, service by service"),
    ):
        console.print(f"  {url}{path}  [dim]{says}[/dim]", soft_wrap=True)
