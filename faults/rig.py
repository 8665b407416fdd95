"""The rig: a PostgreSQL and, where asked, a Kafka of its own; two APIs and two workers of all five services."""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import psutil

from deploy.dev.kafka.broker import Broker
from faults.load import Plan
from faults.process import Process
from libs.common.embedded import EmbeddedPostgres
from libs.common.issuer import DevelopmentIssuer
from libs.common.migrate import create_database, upgrade
from libs.common.permission import Role
from libs.common.ports import free_port
from libs.common.runtime import database_name
from libs.common.settings import Settings
from services.nursery import Child, fork
from services.registry import ALL
from tests.platform import ITEMS, ORGANISATIONS, REGIONS, item

COUNTY, VILLAGE = "990001000000", "990001101201"
ROLES = {
    "editor": (Role.EDITOR, COUNTY),
    "reviewer": (Role.REVIEWER, COUNTY),
    "administrator": (Role.ADMINISTRATOR, COUNTY),
    "village_clerk": (Role.VILLAGE_CLERK, VILLAGE),
    "supervision_committee": (Role.SUPERVISION_COMMITTEE, VILLAGE),
    "joint_meeting": (Role.JOINT_MEETING, VILLAGE),
}
CONNECTIONS = 600
PATIENCE_SECONDS = 45.0


@dataclass
class Load:
    """A running load generator."""

    child: Child
    ledger: Path

    def let_nobody_in(self) -> None:
        """No new clerks; those at work finish."""
        if self.child.poll() is None:
            os.kill(self.child.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it, whatever it does. Harmless when it has ended."""
        if self.child.poll() is None:
            os.kill(self.child.pid, signal.SIGKILL)
            self.child.wait()

    async def finished(self) -> Path:
        """Where what it was told is written, once every clerk has finished or lost patience."""
        code = await asyncio.to_thread(self.child.wait, PATIENCE_SECONDS + 45)
        log = self.ledger.with_name("load.log").read_text(encoding="utf-8")
        assert code == 0, f"the load generator ended with {code}: {log[-1500:]}"
        return self.ledger


class Rig:
    """The platform under test. Processes are reached by name: `rig["worker-1"].kill()`."""

    def __init__(self, folder: Path, outside: Path, broker: Broker | None) -> None:
        self.bus = "kafka" if broker else "journal"
        self.folder = folder
        self.outside = outside
        """Where ledgers and logs are: what happens to `folder` must not happen to them."""
        self.broker = broker
        self.postgres = EmbeddedPostgres(folder, max_connections=CONNECTIONS)
        self.processes: dict[str, Process] = {}
        self._issuer = DevelopmentIssuer(Settings(data_dir=folder))
        self._runs = 0
        # A rig that follows a ruined one has new databases, so it must not find the topics of the old ones.
        self.topics = f"yangguang-{uuid4().hex[:8]}"

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, broker: Broker | None = None, folder: Path | None = None) -> AsyncIterator["Rig"]:
        """A seeded platform that runs, on Kafka when there is a broker. Everything is ended with the block."""
        with tempfile.TemporaryDirectory(prefix="yangguang-faults-", ignore_cleanup_errors=True) as outside:
            Path(outside).chmod(0o755)
            rig = cls(folder or Path(outside), Path(outside), broker)
            try:
                await asyncio.to_thread(rig.postgres.start)
                for service in ALL:
                    await create_database(rig.dsn(service.name))
                    await asyncio.to_thread(upgrade, service, rig.dsn(service.name))
                await asyncio.gather(*(rig.add(name).start() for name in ("api-1", "api-2", "worker-1", "worker-2")))
                await rig._seed()
                yield rig
            finally:
                await asyncio.gather(*(process.stop() for process in rig.processes.values()))
                await asyncio.to_thread(rig.thaw_postgres)
                await asyncio.to_thread(rig.postgres.stop)

    def __getitem__(self, name: str) -> Process:
        return self.processes[name]

    @property
    def apis(self) -> list[Process]:
        """The processes that answer the public."""
        return [process for name, process in self.processes.items() if name.startswith("api")]

    @property
    def workers(self) -> list[Process]:
        """The processes that sequence, send and listen."""
        return [process for name, process in self.processes.items() if name.startswith("worker")]

    def add(self, name: str) -> Process:
        """Another process; its role stands before the hyphen of its name. It is not started."""
        log = self.outside / f"{name}.log"
        arguments = ("services", name.split("-")[0])
        self.processes[name] = Process(name, arguments, free_port(), self.environment(), log)
        return self.processes[name]

    def environment(self, url: str | None = None) -> dict[str, str]:
        """The settings of a process; `url` replaces the address of the databases."""
        settings = {
            "DATABASE_URL": url or self.dsn("{service}").replace("%7B", "{").replace("%7D", "}"),
            "DATA_DIR": str(self.folder),
            "LOG_LEVEL": "warning",
            "FAILPOINTS": "",
            "KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap if self.broker else "",
            "KAFKA_TOPIC_PREFIX": self.topics,
        }
        return settings

    def dsn(self, service: str) -> str:
        """The database of a service."""
        return self.postgres.dsn(database_name(service))

    @property
    def socket(self) -> Path:
        """The Unix socket of PostgreSQL."""
        return Path(self.dsn("x").split("host=")[1]) / ".s.PGSQL.5432"

    @contextlib.asynccontextmanager
    async def connect(self, service: str | None = None) -> AsyncIterator[asyncpg.Connection]:
        """A connection to a service's database, or to the maintenance database, that no fault picks out."""
        dsn = self.dsn(service) if service else self.postgres.dsn("postgres")
        connection = await asyncpg.connect(dsn, timeout=10, server_settings={"application_name": "faults"})
        try:
            yield connection
        finally:
            connection.terminate()

    def load(self, rate: float, hot: int, *, poison_every: int = 0, urls: Iterable[str] = ()) -> Load:
        """Start a load generator."""
        self._runs += 1
        ledger = self.outside / f"ledger-{self._runs}.jsonl"
        plan = Plan(
            urls=list(urls) or [process.url for process in self.apis],
            ledger=ledger,
            rate=rate,
            hot=hot,
            patience=PATIENCE_SECONDS,
            seed=self._runs,
            poison_every=poison_every,
            tokens={role: self.token(role) for role in ROLES},
        )
        told = ledger.with_suffix(".plan")  # a file: tokens do not belong on a command line
        told.write_text(plan.model_dump_json())
        return Load(fork(("faults.load", str(told)), os.environ, self.outside / "load.log"), ledger)

    def token(self, role: str) -> str:
        """The value of an Authorization header."""
        which, region = ROLES[role]
        return f"Bearer {self._issuer.token([which], region)}"

    def postgres_processes(self) -> list[psutil.Process]:
        """The postmaster and, after it, all its children; empty while it is down."""
        path = self.folder / "postgres" / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            postmaster = psutil.Process(int(path.read_text().split()[0]))
            if postmaster.name() == "postgres":
                return [postmaster, *postmaster.children(recursive=True)]
        return []

    def freeze_postgres(self) -> None:
        """SIGSTOP every process of PostgreSQL, the postmaster first."""
        _signal(self.postgres_processes(), signal.SIGSTOP)

    def thaw_postgres(self) -> None:
        """SIGCONT every process of PostgreSQL. Harmless when nothing is frozen."""
        _signal(self.postgres_processes(), signal.SIGCONT)

    def broken_requests(self, since: float) -> list[str]:
        """What the APIs said after `since` (time.time()) of requests that ended in a fault of ours."""
        return [line[:200] for line in self._said("request.broken", since)]

    def stood(self, since: float) -> list[tuple[str, int]]:
        """Where in the code the requests stood that got 503 after `since`, and how many; the most frequent first."""
        return Counter(line.split("where=")[-1] for line in self._said("database.unavailable", since)).most_common()

    def _said(self, what: str, since: float) -> list[str]:
        """The lines of the APIs' logs about `what`, without their time."""
        lines = (line for api in self.apis for line in api.log.read_text("utf-8", "replace").splitlines())
        told = (line.split(maxsplit=1) for line in lines if what in line)
        return [words for at, words in told if datetime.fromisoformat(at).timestamp() > since]

    async def operate(self, *arguments: str) -> str:
        """Run an operations command: `python -m services ARGUMENTS`. Returns what it printed; raises when it failed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "services",
            *arguments,
            env={**os.environ, **self.environment()},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{' '.join(arguments)} ended with {process.returncode}: {said.decode()[-1500:]}")
        return said.decode()

    async def _seed(self) -> None:
        """The small county, through the public API."""
        headers = {"Authorization": self.token("administrator")}
        things = [
            (f"regions/{code}", {"name": name, "level": level, "parent": parent})
            for code, name, level, parent in REGIONS
        ]
        for code, name, prefix, uscc, region, parent in ORGANISATIONS:
            made = {"name": name, "short_name": name, "doc_prefix": prefix, "uscc": uscc, "region": region}
            things.append((f"organisations/{code}", {**made, "parent": parent}))
        things += [(f"items/{code}", item(field, field_name)) for code, field, field_name in ITEMS]
        url = self.apis[0].url
        async with httpx.AsyncClient(headers=headers, trust_env=False, timeout=20) as client:
            for path, body in things:
                answer = await client.put(f"{url}/catalog/{path}", json=body)
                assert answer.is_success, answer.text
        for service in ("publication", "village_affairs"):
            async with self.connect(service) as connection, asyncio.timeout(30):
                while await connection.fetchval("select count(*) from item") < len(ITEMS):
                    await asyncio.sleep(0.05)


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)
