"""From settings to a running process: databases opened, gates passed, server and workers side by side."""

import asyncio
import contextlib
import gc
import os
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence

import structlog
import uvicorn
from starlette.types import ASGIApp

from libs.common.app import Resources
from libs.common.auth import Jwks, TokenVerifier, fetch_jwks
from libs.common.bus import Bus, JournalBus, Source
from libs.common.db import Database
from libs.common.inbox import is_transient
from libs.common.issuer import DevelopmentIssuer
from libs.common.migrate import require_schema
from libs.common.paging import Cursors
from libs.common.server import Server
from libs.common.service import Service
from libs.common.settings import Settings
from libs.common.workdays import Calendar
from libs.common.worker import work

log = structlog.get_logger()
DRAIN_SECONDS = 20
START_TRIES, START_RETRY_SECONDS = 10, 1.0
GC_YOUNG = 20_000
Dsn = Callable[[str], str]


def database_name(service: str) -> str:
    """The name of a service's database."""
    return f"yangguang_{service}"


def cursor_secret(settings: Settings) -> bytes:
    """The key of page cursors: the configured one, or one made once and kept in the data folder."""
    if settings.cursor_secret is not None:
        return settings.cursor_secret.get_secret_value().encode()
    path = settings.data_dir / "cursor-secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}")
        scratch.touch(mode=0o600)
        scratch.write_text(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(scratch, path)  # of processes that start together one wins, and none sees a half-written file
        scratch.unlink()
    return path.read_text().encode()


def verifier(settings: Settings) -> TokenVerifier:
    """Checks tokens of the configured issuer, or of the development issuer when there is none."""
    if settings.oidc_jwks_url is not None:
        jwks = Jwks(fetch_jwks(settings.oidc_jwks_url))
    else:
        if settings.database_url is not None:
            log.warning("issuer.development", note="anybody with the data folder can sign in; set OIDC_ISSUER")
        jwks = Jwks(DevelopmentIssuer(settings).jwks)
    return TokenVerifier(jwks, settings.oidc_issuer, settings.oidc_audience)


@contextlib.asynccontextmanager
async def resources(settings: Settings, services: Sequence[Service], dsn: Dsn) -> AsyncIterator[Resources]:
    """Open what a process needs to serve or work for `services`, the databases of those they hear included."""
    own = {s.name for s in services}
    names = own | {source for s in services for source in s.sources}
    journal = settings.kafka_bootstrap_servers is None
    async with contextlib.AsyncExitStack() as stack:
        calendar = Calendar.load(settings.calendar_file)
        databases: dict[str, Database] = {}
        for name in sorted(names):
            # The journal bus reads what is heard where it is said; on Kafka only reconciliation ever asks there.
            listens = journal or name in own
            databases[name] = await Database.open(name, dsn(name), settings.pool_size, calendar, listens=listens)
            stack.push_async_callback(databases[name].close)
        for service in services:
            await _admitted(databases[service.name], service)
        bus = make_bus(settings, databases)
        stack.push_async_callback(bus.close)
        yield Resources(
            settings=settings,
            verifier=verifier(settings),
            cursors=Cursors(cursor_secret(settings)),
            calendar=calendar,
            databases=databases,
            bus=bus,
        )


async def _admitted(database: Database, service: Service) -> None:
    """Pass the start-up gate; a database that restarts or a bad line is waited for, as it would be later on."""
    for again in range(START_TRIES - 1, -1, -1):
        try:
            return await require_schema(database, service)
        except Exception as error:
            if not again or not is_transient(error):
                raise
            log.warning("start.waits", service=service.name, error=repr(error))
            await asyncio.sleep(START_RETRY_SECONDS)


def settle_collector() -> None:
    """What start-up has made stays for good: the collector need not look at it again."""
    gc.collect()
    gc.freeze()
    # An act makes thousands of short-lived objects: at the default of 700 the collector runs several times in each.
    gc.set_threshold(GC_YOUNG, 20, 50)


def make_bus(settings: Settings, databases: Mapping[str, Database]) -> Bus:
    """Kafka where brokers are named, else the journal bus over the open databases."""
    if settings.kafka_bootstrap_servers is None:
        return JournalBus({name: Source(d.backbone, d.bell) for name, d in databases.items()})
    # Here, because the client library takes a third of a second to import.
    from libs.common.kafka.bus import KafkaBus
    from libs.common.kafka.topics import Brokers

    servers, copies = settings.kafka_bootstrap_servers, settings.kafka_replication_factor
    return KafkaBus(Brokers(servers, copies, settings.kafka_topic_prefix))


async def run(
    app: ASGIApp,
    workers: Sequence[Service],
    shared: Resources,
    started: Callable[[int], Awaitable[None]] | None = None,
) -> None:
    """Serve `app` and work for `workers` until SIGINT or SIGTERM, then stop cleanly.

    `started` is called with the port once requests are answered. A background task that dies ends the process:
    a supervisor can restart it, a silently missing listener nobody would see.
    """
    await serve(app, shared.settings, work(workers, shared.databases, shared.bus), started)


async def serve(
    app: ASGIApp,
    settings: Settings,
    beside: Coroutine[None, None, None],
    started: Callable[[int], Awaitable[None]] | None = None,
) -> None:
    """`run` with any work beside the server, which ends with it."""
    server = Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nothing here depends on who is behind a proxy; what does not trust cannot be fooled
            timeout_graceful_shutdown=DRAIN_SECONDS,
            backlog=2048,
        )
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    background = asyncio.create_task(beside, name="worker")
    background.add_done_callback(lambda _task: server.stop())
    greeting = asyncio.create_task(_greet(server, started), name="started")
    try:
        await server.serve()
    finally:
        greeting.cancel()
        background.cancel()
        ended = await asyncio.gather(greeting, background, return_exceptions=True)
    for outcome in ended:
        if isinstance(outcome, Exception):
            raise outcome


async def _greet(server: Server, started: Callable[[int], Awaitable[None]] | None) -> None:
    await server.up.wait()
    if started is not None:
        try:
            await started(server.port)
        except Exception:
            server.stop()
            raise
