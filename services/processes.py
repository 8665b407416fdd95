"""What each role of the command line does."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import uvloop
from rich.console import Console
from starlette.types import ASGIApp

from libs.common.app import build, operations_app
from libs.common.embedded import DataDirBusy, EmbeddedPostgres
from libs.common.migrate import bring_up_to_date
from libs.common.runtime import Dsn, database_name, resources, run, serve, settle_collector
from libs.common.service import Service
from libs.common.settings import Settings
from services.registry import ALL, pick

if TYPE_CHECKING:
    from services.cluster import Cluster

console = Console()


def service(name: str) -> Service:
    """A service by its name, for the command line."""
    try:
        return pick([name])[0]
    except KeyError:
        known = ", ".join(s.slug for s in ALL)
        raise argparse.ArgumentTypeError(f"no service {name}; there are {known}") from None


def address(written: str) -> tuple[str, int]:
    """The name and the port of a process, written as `api:catalog=8101`, for the command line."""
    name, _, port = written.partition("=")
    if not port.isdigit():
        raise argparse.ArgumentTypeError(f"{written} is not NAME=PORT")
    return name, int(port)


def everything(settings: Settings, _asked: argparse.Namespace) -> int:
    """`all`: five services, api and worker, in this process."""
    with databases(settings) as dsn:
        bring_up_to_date(ALL, dsn)
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


def cluster(settings: Settings, asked: argparse.Namespace) -> int:
    """`cluster`: everything in processes of their own, on the embedded PostgreSQL and the development Kafka."""
    from services.cluster import Cluster, NotReady  # here, as the proxy below: other roles start without an HTTP client

    try:
        asyncio.run(_hold(Cluster(settings, bus=asked.bus), settings))
    except NotReady as problem:
        print(f"yangguang: {problem}", file=sys.stderr)
        return 1
    console.print("Stopped.")
    return 0


def proxy(settings: Settings, asked: argparse.Namespace) -> int:
    """`proxy`: one address for the processes named."""
    uvloop.run(_pass_on(settings, {name: f"http://127.0.0.1:{port}" for name, port in asked.processes}))
    return 0


def migrate(settings: Settings, asked: argparse.Namespace) -> int:
    """`migrate`: create what is missing and bring the schemas to the newest revision."""
    with databases(settings) as dsn:
        bring_up_to_date(asked.services or ALL, dsn)
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


async def _serve(
    settings: Settings,
    served: Sequence[Service],
    worked: Sequence[Service],
    dsn: Dsn,
    started: Callable[[int], Awaitable[None]] | None,
) -> None:
    async with resources(settings, [*{s.name: s for s in [*served, *worked]}.values()], dsn) as shared:
        app: ASGIApp = build(served, shared) if served else operations_app(worked, shared)
        settle_collector()
        await run(app, worked, shared, started)


async def _welcome(settings: Settings, port: int) -> None:
    """Load the demo county once, then say where to look."""
    loaded = settings.data_dir / "demo-loaded"
    if settings.demo and settings.database_url is None and not loaded.exists():
        from services import demo  # here: later starts do without what loading it takes

        await demo.load(settings, port, console)
        loaded.touch()
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


async def _hold(cluster: "Cluster", settings: Settings) -> None:
    """Keep the cluster running until Ctrl-C."""
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    assert this is not None
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, this.cancel)
    try:
        await cluster.start()
        await _welcome(settings, cluster.port)
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        console.print("Stopping.")
    finally:
        for number in signals:
            loop.add_signal_handler(number, lambda: None)  # asked once is enough
        await cluster.stop()


async def _pass_on(settings: Settings, processes: dict[str, str]) -> None:
    from libs.common.proxy import Proxy

    door = Proxy(processes)
    try:
        await serve(door, settings, _for_ever())
    finally:
        await door.close()


async def _for_ever() -> None:
    await asyncio.Event().wait()
