"""A TCP proxy that can be slow, break connections, or swallow what it is given."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from libs.common.ports import free_port

CHUNK = 16_384


@dataclass
class Link:
    """What the proxy does to what passes. `cut_after`: a connection ends after at most so many bytes, at random."""

    target: Path | int
    host: str = "127.0.0.1"
    delay: float = 0.0
    reset_share: float = 0.0
    cut_after: int = 0
    port: int = 0
    cuts: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(20261126))

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until one side ends it or the proxy breaks it."""
        try:
            if isinstance(self.target, Path):
                there = await asyncio.open_unix_connection(str(self.target))
            else:
                there = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        left = [self.chance.randrange(1, self.cut_after) if self.cut_after else 1 << 62]
        ways = [self._carry(reader, there[1], left), self._carry(there[0], writer, left)]
        tasks = [asyncio.ensure_future(way) for way in ways]
        # The end of the loop cancels it, which the library's own callback would print as a failure.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for side in (writer, there[1]):
            side.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: list[int]) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.chance.random() < self.reset_share:
                    self.cuts += 1
                    return
                writer.write(data[: left[0]])
                await writer.drain()
                left[0] -= len(data)
                if left[0] <= 0:
                    self.cuts += 1
                    return


@contextlib.asynccontextmanager
async def through(link: Link) -> AsyncIterator[Link]:
    """The link, open: it listens on `link.port`."""
    link.port = free_port()
    server = await asyncio.start_server(link.handle, link.host, link.port)
    try:
        yield link
    finally:
        server.close()
