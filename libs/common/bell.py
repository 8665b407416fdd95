"""A doorbell over PostgreSQL NOTIFY: it shortens a wait and is never the truth.

Every waiter also polls, because a dropped LISTEN connection is silent. The `outbox` bell is rung after commit
from this separate connection, coalesced: a pending notification inside the business transaction takes a
cluster-wide lock and halves the commit rate.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Iterator

import asyncpg
import structlog

from libs.common.lost import LOST

log = structlog.get_logger()
CHANNELS = ("outbox", "journal", "progress")
_COALESCE_SECONDS = 0.001
SOON_SECONDS = 0.1
_KEEPALIVE_SECONDS = 10.0
_RECONNECT_SECONDS = 1.0


class Bell:
    """One LISTEN connection to one database, shared by all waiters of a process."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._waiters: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._to_ring: set[str] = set()
        self._soon: set[str] = set()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen; a lost connection is made again in the background."""
        self._task = asyncio.create_task(self._run(), name="bell")

    async def close(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def ring(self, channel: str) -> None:
        """Wake the waiters of every process that listens to this database. Returns at once."""
        self._wake(channel)
        self._to_ring.add(channel)
        self._wanted.set()

    def ring_soon(self, channel: str) -> None:
        """Ring after `SOON_SECONDS`, once for all who ask meanwhile. Returns at once."""
        if channel not in self._soon:
            self._soon.add(channel)
            asyncio.get_running_loop().call_later(SOON_SECONDS, self._ring_now, channel)

    def _ring_now(self, channel: str) -> None:
        self._soon.discard(channel)
        self.ring(channel)

    @contextlib.contextmanager
    def waiting(self, channel: str) -> Iterator["Waiter"]:
        """A waiter on one channel; a ring between two waits is not missed."""
        event = asyncio.Event()
        self._waiters[channel].add(event)
        try:
            yield Waiter(event)
        finally:
            self._waiters[channel].discard(event)

    def _wake(self, channel: str) -> None:
        for event in self._waiters[channel]:
            event.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen_and_ring()
            except LOST as error:
                log.warning("bell.lost", error=type(error).__name__)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _listen_and_ring(self) -> None:
        connection = await asyncpg.connect(self._dsn, timeout=5, command_timeout=5)
        connection.add_termination_listener(lambda _connection: self._wanted.set())
        try:
            for channel in CHANNELS:
                await connection.add_listener(channel, lambda _c, _p, name, _m: self._wake(str(name)))
                self._wake(channel)  # whatever rang while nobody listened
            while True:
                try:
                    async with asyncio.timeout(_KEEPALIVE_SECONDS):
                        await self._wanted.wait()
                except TimeoutError:
                    await connection.execute("select 1")
                    continue
                self._wanted.clear()
                if connection.is_closed():
                    raise ConnectionResetError
                channels, self._to_ring = self._to_ring, set()
                for channel in channels:
                    await connection.execute(f"notify {channel}")
                await asyncio.sleep(_COALESCE_SECONDS)
        finally:
            connection.terminate()


class Waiter:
    """What `Bell.waiting` hands out."""

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    async def wait(self, seconds: float) -> None:
        """Return when the bell rings, or after `seconds` in any case."""
        if not self._event.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._event.wait()
        self._event.clear()
