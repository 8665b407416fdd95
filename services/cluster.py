"""`cluster`: the platform as it is deployed, on one machine: twelve processes, a bus, one address.

A class, so that the fault suite, the bench and the tests drive the same thing. PostgreSQL is the embedded one and
Kafka the development broker, unless DATABASE_URL or KAFKA_BOOTSTRAP_SERVERS name others.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx
import structlog

from libs.common.embedded import EmbeddedPostgres
from libs.common.issuer import DevelopmentIssuer
from libs.common.migrate import bring_up_to_date
from libs.common.ports import free_ports, is_taken
from libs.common.runtime import cursor_secret, database_name
from libs.common.settings import Settings
from services.nursery import Child, fork, prepare
from services.registry import ALL

if TYPE_CHECKING:
    from deploy.dev.kafka.broker import Broker

log = structlog.get_logger()
PROXY = "proxy"
SECOND = "worker:village-affairs:2"  # one service has a spare worker, to show that it takes over
READY_SECONDS = 240.0  # twelve at once on a busy machine
STOP_SECONDS = 30.0  # longer than a process drains its requests
AGAIN_SECONDS, AGAIN_MOST_SECONDS = 0.5, 10.0
POLL_SECONDS = 0.05
STEADY_SECONDS = 20.0  # who lived this long waits no longer than the first time

Bus = Literal["kafka", "journal"]


class NotReady(RuntimeError):
    """A part of the cluster is not there; the message says which and why."""


@dataclass
class _Child:
    """One process of ours: how it is started, and what runs now."""

    name: str
    arguments: list[str]
    port: int
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: Child | None = None
    watch: asyncio.Task[None] | None = None  # restarts it when it dies without having been told to


class Cluster:
    """PostgreSQL, Kafka, five `api`, six `worker` and a proxy, called `api:publication`, `worker:catalog`, `proxy`.

    A process that dies is started again. One that `kill` or `stop_one` ended stays away until `start_one`.
    When this program is gone, however it went, so are the processes; PostgreSQL is taken over by the next start.
    """

    def __init__(self, settings: Settings, *, bus: Bus = "kafka", environment: Mapping[str, str] | None = None) -> None:
        """`environment` is for every process, besides what the cluster has to say."""
        self._settings = settings
        self._bus = bus
        self._environment = dict(environment or {})
        self._folder = settings.data_dir.resolve()
        self.postgres: EmbeddedPostgres | None = None
        self.broker: Broker | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._database_url = settings.database_url or ""
        slugs = [service.slug for service in ALL]
        roles = {f"{role}:{slug}": [role, slug] for role in ("api", "worker") for slug in slugs}
        commands = {**roles, SECOND: SECOND.split(":")[:2]}
        ports = dict(zip([*commands, PROXY], free_ports(len(commands) + 1), strict=True))
        commands[PROXY] = [PROXY, *(f"{name}={ports[name]}" for name in commands)]
        ports[PROXY] = settings.port or ports[PROXY]
        self._children = {name: self._child(name, command, ports[name]) for name, command in commands.items()}

    @property
    def names(self) -> list[str]:
        """The names of the processes."""
        return list(self._children)

    @property
    def port(self) -> int:
        """The port of the proxy: the one address of the platform."""
        return self._children[PROXY].port

    def url(self, name: str = PROXY) -> str:
        """The address of one process; of the platform when none is named."""
        return f"http://127.0.0.1:{self._children[name].port}"

    def log(self, name: str) -> Path:
        """What a process says."""
        return self._children[name].log

    def pid(self, name: str) -> int:
        """The number of a process. Raises NotReady when it does not run."""
        process = self._children[name].process
        if process is None or process.poll() is not None:
            raise NotReady(f"{name} is not running")
        return process.pid

    def dsn(self, service: str) -> str:
        """The database of a service."""
        return self._database_url.replace("{service}", service)

    async def start(self) -> None:
        """Start everything and return when every process says that it is ready.

        Raises NotReady, PostgresFailed and DataDirBusy.
        """
        if is_taken(self._settings.host, self.port):
            raise NotReady(f"Port {self.port} is in use: stop that program, or choose another port with PORT.")
        try:
            prepare()
            await self._start_servers()
            self._share()
            (self._folder / "cluster").mkdir(exist_ok=True)
            for child in self._children.values():
                with contextlib.suppress(FileNotFoundError):
                    child.log.replace(child.log.with_suffix(".log.1"))
                self._launch(child)
            await self.ready()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> dict[str, int]:
        """End everything in order: the door, the APIs, the workers, Kafka, PostgreSQL. Harmless when nothing runs.

        Returns the exit codes of the processes that ran.
        """
        codes: dict[str, int | None] = {}
        for role in (PROXY, "api", "worker"):
            names = [name for name in self._children if name.split(":")[0] == role]
            codes |= zip(names, await asyncio.gather(*map(self.stop_one, names)), strict=True)
        if self._guard:
            self._guard.communicate()  # its end of input is its sign
            self._guard = None
        if self.broker:
            await asyncio.to_thread(self.broker.stop)
        if self.postgres:
            await asyncio.to_thread(self.postgres.stop)
        return {name: code for name, code in codes.items() if code is not None}

    async def start_one(self, name: str, **environment: str) -> None:
        """Start a process and return when it is ready. `environment` is for this process from now on."""
        child = self._children[name]
        child.environment.update(environment)
        self._launch(child)
        await self.ready(name)

    async def stop_one(self, name: str) -> int | None:
        """Ask a process to end (SIGTERM) and wait for it. Returns its exit code; none when it did not run."""
        return await self._end(self._children[name], signal.SIGTERM)

    async def restart(self, name: str) -> None:
        """Ask a process to end, then start it: what a roll-out does."""
        await self.stop_one(name)
        await self.start_one(name)

    async def kill(self, name: str) -> None:
        """`kill -9`."""
        await self._end(self._children[name], signal.SIGKILL)

    def suspend(self, name: str) -> None:
        """Stop a process from doing anything, its connections staying open (SIGSTOP)."""
        os.kill(self.pid(name), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let it go on (SIGCONT)."""
        os.kill(self.pid(name), signal.SIGCONT)

    async def ready(self, *names: str) -> None:
        """Return when these processes (all, if none is named) say that they are ready. Raises NotReady."""
        async with httpx.AsyncClient(timeout=5) as client:
            for name in names or self._children:
                try:
                    async with asyncio.timeout(READY_SECONDS):
                        await _until_ready(client, self.url(name))
                except TimeoutError:
                    path = self.log(name)
                    raise NotReady(f"{name} is not ready; {path} ends:\n{path.read_text()[-2000:]}") from None

    def _child(self, name: str, command: list[str], port: int) -> _Child:
        log = self._folder / "cluster" / f"{name.replace(':', '-')}.log"
        return _Child(name, ["services", *command], port, log)

    async def _start_servers(self) -> None:
        parts = [self._start_databases]
        if self._bus == "kafka" and not self._settings.kafka_bootstrap_servers:
            parts.append(self._start_broker)
        threads = asyncio.gather(*(asyncio.to_thread(part) for part in parts), return_exceptions=True)
        try:
            outcomes = await asyncio.shield(threads)
        except asyncio.CancelledError:
            await threads  # what is half started could not be stopped
            raise
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    def _start_databases(self) -> None:
        if self._settings.database_url is None:
            self.postgres = EmbeddedPostgres(self._folder, max_connections=_connections(self._settings.pool_size))
            self.postgres.start()
            name = database_name("SERVICE")
            self._database_url = self.postgres.dsn(name).replace("SERVICE", "{service}")
        bring_up_to_date(ALL, self.dsn)

    def _start_broker(self) -> None:
        from deploy.dev.kafka.broker import Broker, KafkaFailed, KafkaUnavailable  # part of the checkout

        self.broker = Broker(self._folder / "kafka")
        try:
            self.broker.start()
        except (KafkaUnavailable, KafkaFailed) as problem:
            raise NotReady(f"{problem} (--bus journal needs no Kafka)") from problem

    def _share(self) -> None:
        """What the processes have in common."""
        self._environment |= {
            "DATA_DIR": str(self._folder),
            "DATABASE_URL": self._database_url,
            "CURSOR_SECRET": cursor_secret(self._settings).decode(),
            "HOST": "127.0.0.1",
            "KAFKA_BOOTSTRAP_SERVERS": "",
        }
        if self._bus == "kafka":
            servers = self.broker.bootstrap if self.broker else self._settings.kafka_bootstrap_servers
            self._environment["KAFKA_BOOTSTRAP_SERVERS"] = servers or ""
        self._children[PROXY].environment.setdefault("HOST", self._settings.host)
        if not self._settings.real_issuer:
            DevelopmentIssuer(self._settings)  # makes the key that all of them read
        # All processes are of its group, which it kills when our end of the pipe closes: when this program is gone.
        guard = ["sh", "-c", "cat >/dev/null; kill -9 0"]
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, process_group=0)

    def _launch(self, child: _Child) -> None:
        self._spawn(child)
        child.watch = asyncio.create_task(self._restart_the_dead(child), name=f"watch:{child.name}")

    def _spawn(self, child: _Child) -> None:
        if child.process and child.process.poll() is None:
            raise NotReady(f"{child.name} is running already")
        assert self._guard is not None, "the cluster is not started"
        environment = {**os.environ, **self._environment, "PORT": str(child.port), **child.environment}
        child.process = fork(child.arguments, environment, child.log, group=self._guard.pid)
        child.log.with_suffix(".pid").write_text(f"{child.process.pid}\n")  # all look alike in `ps`

    async def _restart_the_dead(self, child: _Child) -> None:
        wait = AGAIN_SECONDS
        loop = asyncio.get_running_loop()
        while child.process is not None:
            began = loop.time()
            code = await _ended(child.process)
            if loop.time() - began > STEADY_SECONDS:
                wait = AGAIN_SECONDS
            log.warning("cluster.died", process=child.name, code=code, again_in=wait, log=str(child.log))
            await asyncio.sleep(wait)
            wait = min(wait * 2, AGAIN_MOST_SECONDS)
            self._spawn(child)

    async def _end(self, child: _Child, number: signal.Signals) -> int | None:
        if child.watch:
            child.watch.cancel()
            await asyncio.gather(child.watch, return_exceptions=True)
            child.watch = None
        process, child.process = child.process, None
        if process is None:
            return None
        _signal(process, number)
        _signal(process, signal.SIGCONT)  # it may be suspended
        try:
            async with asyncio.timeout(STOP_SECONDS):
                return await _ended(process)
        except TimeoutError:
            log.warning("cluster.killed", process=child.name, waited=STOP_SECONDS)
            _signal(process, signal.SIGKILL)
            return await _ended(process)


async def _until_ready(client: httpx.AsyncClient, url: str) -> None:
    while True:
        with contextlib.suppress(httpx.TransportError):
            if (await client.get(f"{url}/readyz")).status_code == 200:
                return
        await asyncio.sleep(POLL_SECONDS)


def _signal(process: Child, number: signal.Signals) -> None:
    if process.poll() is None:
        os.kill(process.pid, number)


async def _ended(process: Child) -> int:
    """The exit code of a process. Polled: asyncio's own processes can be cancelled while they are being made."""
    while (code := process.poll()) is None:  # noqa: ASYNC110 - nobody tells us
        await asyncio.sleep(POLL_SECONDS)
    return code


def _connections(pool_size: int) -> int:
    """How many connections the processes may open together: see docs/running.md."""
    own, source, spare = pool_size * 3 // 2 + 8, 8, 30
    twice = {SECOND.split(":")[1]}
    each = [(own + source * len(s.sources)) * (3 if s.slug in twice else 2) for s in ALL]
    return sum(each) + spare
