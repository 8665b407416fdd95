"""One process of the platform that can be started, stopped, killed, suspended and started otherwise."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from services.nursery import Child, execute, fork

READY_SECONDS = 120.0
STOP_SECONDS = 30.0


class NotReady(RuntimeError):
    """A process ended or did not become ready; the message ends with its last log lines."""


@dataclass
class Process:
    """`python -m ARGUMENTS` on `port`. `prefix` goes before the command, `cwd` is whose code runs."""

    name: str
    arguments: Sequence[str]
    port: int
    environment: Mapping[str, str]
    log: Path
    host: str = "127.0.0.1"
    prefix: Sequence[str] = ()
    cwd: Path | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    _child: Child | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """Its process number; of the last one when it has ended."""
        assert self._child is not None
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.poll() is None

    async def start(self, **extra: str) -> None:
        """Start it with `extra` environment for this once; return when it is ready."""
        environment = {**os.environ, **self.environment, **self.extra, **extra, "PORT": str(self.port)}
        if self.prefix or self.cwd:
            self._child = execute(self.arguments, environment, self.log, self.prefix, self.cwd)
        else:
            self._child = await asyncio.to_thread(fork, self.arguments, environment, self.log)
        await self.ready()

    async def ready(self) -> None:
        """Return when it reaches its databases. Raises NotReady."""
        deadline = time.monotonic() + READY_SECONDS
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while time.monotonic() < deadline:
                if not self.alive:
                    raise NotReady(f"{self.name} ended:\n{self.tail()}")
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.05)
        raise NotReady(f"{self.name} is not ready:\n{self.tail()}")

    def kill(self) -> None:
        """`kill -9`."""
        self._signal(signal.SIGKILL)
        if self._child:
            self._child.wait()

    def suspend(self) -> None:
        """Freeze it."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Thaw it."""
        self._signal(signal.SIGCONT)

    async def stop(self) -> int:
        """SIGTERM, as a supervisor does; SIGKILL when that does not help. Returns the exit code."""
        if self._child is None:
            return 0
        self.resume()
        self._signal(signal.SIGTERM)
        try:
            return await asyncio.to_thread(self._child.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    async def ended(self, seconds: float) -> bool:
        """Wait until it ends by itself, for at most `seconds`."""
        deadline = time.monotonic() + seconds
        while self.alive and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return not self.alive

    def resident(self) -> int:
        """Its memory in bytes; 0 when it is gone."""
        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(self.pid).memory_info().rss)
        return 0

    def tail(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-2000:] if self.log.exists() else ""

    def _signal(self, number: signal.Signals) -> None:
        if self.alive:
            os.kill(self.pid, number)
