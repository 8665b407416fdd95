"""The platform as a process of its own, to be killed and started again."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from libs.common.issuer import DevelopmentIssuer
from libs.common.permission import Role
from libs.common.ports import free_port
from libs.common.settings import Settings
from services.cluster import Cluster
from services.nursery import Child, fork

READY_SECONDS = 90


class Process:
    """`python -m services all` on a data folder of its own, on the embedded PostgreSQL."""

    publishes, kills, written_every = 500, 10, 5  # what it can be asked to bear in a test

    def __init__(self, data_dir: Path, log: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.AsyncClient(base_url=self.url, timeout=20)
        self._log = log
        self._process: Child | None = None
        self._issuer = DevelopmentIssuer(Settings(data_dir=data_dir))

    async def start(self) -> None:
        """Start it and return when it is ready."""
        environment = {**os.environ, "DATA_DIR": str(self.data_dir), "PORT": str(self.port), "DEMO": "false"}
        self._process = await asyncio.to_thread(fork, ["services", "all"], environment, self._log)
        async with asyncio.timeout(READY_SECONDS):
            while True:
                assert self._process.poll() is None, self._log.read_text()[-4000:]
                with contextlib.suppress(httpx.TransportError):
                    if (await self.client.get("/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        """`kill -9`; its PostgreSQL goes on running, as it would."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    async def stop(self) -> int:
        """Ctrl-C. Returns the exit code."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGINT)
        return await asyncio.to_thread(self._process.wait, 60)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def token(self, role: Role, region: str = "990001000000") -> dict[str, str]:
        """Request headers of a member of staff; who it is depends on the role."""
        return {"Authorization": f"Bearer {self._issuer.token([role], region)}"}

    def dsn(self, service: str) -> str:
        """The database of a service, while PostgreSQL runs."""
        sockets = self.data_dir / "postgres"
        return f"postgresql://postgres@/yangguang_{service}?host={sockets}"


class ClusterProcess(Process):
    """The same platform as `services cluster` runs it: a kill hits some of its processes, which it starts again."""

    publishes, kills, written_every = 40, 2, 1

    def __init__(self, data_dir: Path, log: Path) -> None:
        super().__init__(data_dir, log)
        self.cluster = Cluster(Settings(data_dir=data_dir, port=self.port, kafka_bootstrap_servers=None))
        self._chance = random.Random(20261126)
        self._started = False

    async def start(self) -> None:
        """Start the cluster and return when all of it is ready; after a kill, when all of it is again."""
        if self._started:
            await self.cluster.ready()
        else:
            await self.cluster.start()
            self._started = True

    def kill(self) -> None:
        """`kill -9` of two processes, whichever they are; nobody but the cluster starts them again."""
        for name in self._chance.sample(self.cluster.names, 2):
            os.kill(self.cluster.pid(name), signal.SIGKILL)

    async def stop(self) -> int:
        """Stop it in order. Returns 0, or the exit code of a process that did not end well."""
        self._started = False
        codes = await self.cluster.stop()
        return max(map(abs, codes.values()))

    @property
    def alive(self) -> bool:
        """Whether it was started and not stopped."""
        return self._started


@contextlib.asynccontextmanager
async def running(data_dir: Path, log: Path, kind: type[Process] = Process) -> AsyncIterator[Process]:
    """The platform, stopped with the block whatever happened."""
    process = kind(data_dir, log)
    try:
        await process.start()
        yield process
    finally:
        await process.client.aclose()
        if process.alive:
            await process.stop()
