"""A server that ends: what clients have sent, or are about to send, is answered."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from libs.common import server
from libs.common.server import Server

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


async def app(scope: Any, _receive: Any, send: Any) -> None:
    """Answers everything with two bytes."""
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[tuple[Server, asyncio.Task[None]]]:
    """A server in this loop, and the task that ends with it."""
    one = Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, timeout_graceful_shutdown=5))
    task = asyncio.create_task(one.serve())
    try:
        await one.up.wait()
        yield one, task
    finally:
        one.stop()
        async with asyncio.timeout(10):
            await task


async def answered(reader: asyncio.StreamReader) -> bytes:
    """The head of the next answer; its body is read, too."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"ok"
    return head


async def test_a_request_on_an_idle_connection_is_answered_once_more() -> None:
    async with running() as (one, task):
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        writer.write(REQUEST)
        assert b"connection: close" not in await answered(reader)
        port = one.port
        one.stop()
        while one.servers[0].sockets:  # until it has begun to end
            await asyncio.sleep(0.01)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        assert b"connection: close" in await answered(reader)
        assert await reader.read() == b"", "and then it hangs up"
        async with asyncio.timeout(5):
            await task
        writer.close()


async def test_an_idle_connection_is_left_to_the_client_to_close() -> None:
    async with running() as (one, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        for _ in range(2):
            writer.write(REQUEST)
            await answered(reader)
            await asyncio.sleep(5.2)  # clients and proxies keep connections for five seconds and more
        assert not reader.at_eof()
        writer.close()


async def test_who_waits_to_be_accepted_is_answered() -> None:
    async with running() as (one, task):
        with contextlib.ExitStack() as stack:
            # The loop is held meanwhile, so nobody is accepted before the server is told to end.
            waiting = [
                stack.enter_context(socket.create_connection(("127.0.0.1", one.port), timeout=5)) for _ in range(20)
            ]
            for client in waiting:
                client.sendall(REQUEST)
            one.stop()
            await one._stop_listening()
            for client in waiting:
                client.setblocking(False)
                reader, writer = await asyncio.open_connection(sock=client.dup())
                assert (await answered(reader)).startswith(b"HTTP/1.1 200")
                writer.close()
        async with asyncio.timeout(5):
            await task


async def test_clients_that_stay_are_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LEAVE_SECONDS", 0.1)
    async with running() as (one, task):
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        writer.write(REQUEST)
        await answered(reader)
        one.stop()
        async with asyncio.timeout(5):
            await task
        assert await reader.read() == b""
        writer.close()
