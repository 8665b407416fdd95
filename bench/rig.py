"""The rig: a PostgreSQL of its own, the services as processes, and the measuring process beside them."""

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx

from deploy.dev.kafka.broker import Broker
from libs.common.embedded import EmbeddedPostgres
from libs.common.issuer import DevelopmentIssuer
from libs.common.migrate import create_database, upgrade
from libs.common.permission import Role
from libs.common.ports import free_port
from libs.common.runtime import database_name
from libs.common.settings import Settings
from services.registry import ALL

READY_SECONDS = 30


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    target: str
    measured: str
    holds: bool


class Rig:
    """Databases, ports and tokens of one bench run."""

    def __init__(self, postgres: EmbeddedPostgres, data_dir: Path) -> None:
        self._postgres = postgres
        self.data_dir = data_dir
        self._issuer = DevelopmentIssuer(Settings(data_dir=data_dir))

    @classmethod
    @contextlib.contextmanager
    def open(cls) -> Iterator["Rig"]:
        """A migrated, empty platform's databases in a temporary folder."""
        with tempfile.TemporaryDirectory(prefix="yangguang-bench-") as folder:
            Path(folder).chmod(0o755)
            with EmbeddedPostgres(Path(folder)) as postgres:
                for service in ALL:
                    dsn = postgres.dsn(database_name(service.name))
                    asyncio.run(create_database(dsn))
                    upgrade(service, dsn)
                yield cls(postgres, Path(folder))

    def dsn(self, service: str) -> str:
        """The database of a service."""
        return self._postgres.dsn(database_name(service))

    @contextlib.asynccontextmanager
    async def connect(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection to a service's database."""
        connection = await asyncpg.connect(self.dsn(service))
        try:
            yield connection
        finally:
            await connection.close()

    def token(self, *roles: Role) -> str:
        """The `Authorization` header line of a member of county staff."""
        return f"Authorization: Bearer {self._issuer.token(roles, '990001000000')}\r\n"

    @contextlib.asynccontextmanager
    async def process(
        self, port: int, ready: str, *arguments: str, more: Mapping[str, str] | None = None
    ) -> AsyncIterator[subprocess.Popen[bytes]]:
        """A process of ours, once it answers at `ready`; ended with the block."""
        environment = {
            **os.environ,
            "DATABASE_URL": self._postgres.dsn("yangguang_{service}").replace("%7B", "{").replace("%7D", "}"),
            "DATA_DIR": str(self.data_dir),
            "PORT": str(port),
            "LOG_LEVEL": "warning",
            "KAFKA_BOOTSTRAP_SERVERS": "",
            **(more or {}),
        }
        with subprocess.Popen([sys.executable, *arguments], env=environment) as process:
            try:
                await answering(port, ready, process)
                yield process
            finally:
                process.terminate()
                await asyncio.to_thread(process.wait, 30)

    @contextlib.asynccontextmanager
    async def services(
        self, role: str, names: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> AsyncIterator[tuple[int, subprocess.Popen[bytes]]]:
        """A process of the platform: its port and the process."""
        port = free_port()
        async with self.process(port, "/healthz", "-m", "services", role, *names, more=environment) as process:
            yield port, process

    @contextlib.contextmanager
    def kafka(self) -> Iterator[str]:
        """The bootstrap servers of a Kafka: the one that the environment names, or one of this run's own."""
        if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
            yield given
            return
        broker = Broker(self.data_dir / "kafka")
        broker.start()
        try:
            yield broker.bootstrap
        finally:
            broker.stop()


async def answering(port: int, path: str, process: subprocess.Popen[bytes]) -> None:
    """Return when the process answers at `path` with success. Raises RuntimeError when it ends or never does."""
    async with httpx.AsyncClient() as client:
        for _ in range(READY_SECONDS * 20):
            if process.poll() is not None:
                raise RuntimeError(f"the process ended with {process.returncode}")
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{port}{path}")).is_success:
                    return
            await asyncio.sleep(0.05)
    raise RuntimeError("the process does not answer")
