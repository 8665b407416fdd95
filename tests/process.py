"""The platform as a process of its own, to be killed and started again."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from libs.common.issuer import DevelopmentIssuer
from libs.common.permission import Role
from libs.common.settings import Settings

READY_SECONDS = 90


class Process:
    """`python -m services all` on a data folder of its own, on the embedded PostgreSQL."""

    def __init__(self, data_dir: Path, log: Path) -> None:
        self.data_dir = data_dir
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.AsyncClient(base_url=self.url, timeout=20)
        self._log = log
        self._popen: subprocess.Popen[bytes] | None = None
        self._issuer = DevelopmentIssuer(Settings(data_dir=data_dir))

    async def start(self) -> None:
        """Start it and return when it is ready."""
        environment = {**os.environ, "DATA_DIR": str(self.data_dir), "PORT": str(self.port), "DEMO": "false"}
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "services", "all"]
            self._popen = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        async with asyncio.timeout(READY_SECONDS):
            while True:
                assert self._popen.poll() is None, self._log.read_text()[-4000:]
                with contextlib.suppress(httpx.TransportError):
                    if (await self.client.get("/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        """`kill -9`; its PostgreSQL goes on running, as it would."""
        assert self._popen is not None
        self._popen.kill()
        self._popen.wait()

    async def stop(self) -> int:
        """Ctrl-C. Returns the exit code."""
        assert self._popen is not None
        self._popen.send_signal(signal.SIGINT)
        return await asyncio.to_thread(self._popen.wait, 60)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._popen is not None and self._popen.poll() is None

    def token(self, role: Role, region: str = "990001000000") -> dict[str, str]:
        """Request headers of a member of staff; who it is depends on the role."""
        return {"Authorization": f"Bearer {self._issuer.token([role], region)}"}

    def dsn(self, service: str) -> str:
        """The database of a service, while PostgreSQL runs."""
        sockets = self.data_dir / "postgres"
        return f"postgresql://postgres@/yangguang_{service}?host={sockets}"


@contextlib.asynccontextmanager
async def running(data_dir: Path, log: Path) -> AsyncIterator[Process]:
    """The platform's process, stopped with the block whatever happened."""
    process = Process(data_dir, log)
    await process.start()
    try:
        yield process
    finally:
        await process.client.aclose()
        if process.alive:
            await process.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
