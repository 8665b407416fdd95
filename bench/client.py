"""A load client that costs as little as it can, so that it measures the server and not itself."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast


@dataclass
class Load:
    """What a run of requests took."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    last_body: bytes = b""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    def quantile(self, q: float) -> float:
        """A quantile of the latencies, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * q), len(ordered) - 1)]


def get(path: str, headers: str = "") -> bytes:
    """A GET request, ready to send."""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n".encode()


def post(path: str, headers: str = "") -> bytes:
    """A POST request without a body, ready to send."""
    return f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: 0\r\n{headers}\r\n".encode()


class _Connection(asyncio.Protocol):
    """One keep-alive connection: sends a request, and the next one when the answer is whole."""

    def __init__(self, load: Load, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self._load, self._requests, self._done = load, requests, done
        self._buffer = b""
        self._missing = 0
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._missing:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r", 1)[0]) if at >= 0 else 0
            self._missing = end + 4 + length
        if len(self._buffer) < self._missing:
            return
        status = int(self._buffer[9:12])
        self._load.latencies.append(time.perf_counter() - self._sent)
        self._load.statuses[status] = self._load.statuses.get(status, 0) + 1
        self._load.last_body = self._buffer[self._buffer.index(b"\r\n\r\n") + 4 : self._missing]
        self._buffer, self._missing = self._buffer[self._missing :], 0
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionResetError("the server closed the connection"))

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


async def hammer(port: int, requests: Iterator[bytes], connections: int) -> Load:
    """Send `requests` over `connections` keep-alive connections, each as soon as the last was answered."""
    loop = asyncio.get_running_loop()
    load = Load()
    started = time.perf_counter()
    done = [loop.create_future() for _ in range(connections)]
    for future in done:
        await loop.create_connection(_factory(load, requests, future), "127.0.0.1", port)
    await asyncio.gather(*done)
    load.seconds = time.perf_counter() - started
    return load


def _factory(load: Load, requests: Iterator[bytes], done: asyncio.Future[None]) -> Callable[[], _Connection]:
    return lambda: _Connection(load, requests, done)


def for_seconds(request: bytes, seconds: float) -> Iterator[bytes]:
    """The same request until the time is up."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        yield request


async def open_loop(port: int, requests: Sequence[bytes], per_second: float) -> Load:
    """Send `requests` at a fixed rate, whether or not earlier ones were answered (no coordinated omission)."""
    total = Load()
    started = time.perf_counter()

    async def one(request: bytes, due: float) -> None:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        load = await hammer(port, iter([request]), 1)
        total.latencies += load.latencies
        for status, count in load.statuses.items():
            total.statuses[status] = total.statuses.get(status, 0) + count

    await asyncio.gather(*(one(r, started + n / per_second) for n, r in enumerate(requests)))
    total.seconds = time.perf_counter() - started
    return total
