"""The HTTP server of a process: uvicorn inside our own loop, which takes leave of its clients before it ends."""

import asyncio
import contextlib
import os
import socket

import uvicorn

LEAVE_SECONDS = 1.0
"""How long clients with an open connection may still send a request when the server is to end."""
LOOK_SECONDS = 0.02
KEEP_SECONDS = 75
"""How long an idle connection stays open: longer than reverse proxies and clients keep theirs (nginx: 60 s), so that it
is they who close it. Closed here, it takes along the request that is just being sent on it."""


class Server(uvicorn.Server):
    """uvicorn with our own signal handling; a restart costs no client a request."""

    def __init__(self, config: uvicorn.Config) -> None:
        config.timeout_keep_alive = KEEP_SECONDS
        super().__init__(config)
        self.up = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def] # the base class leaves it untyped, too
        """The process's signals are handled by who serves."""
        yield

    async def startup(self, sockets: list | None = None) -> None:  # type: ignore[type-arg] # as in the base class
        """Note when the port is bound."""
        await super().startup(sockets)
        self.up.set()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.servers[0].sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Finish the requests under way, then end `serve`."""
        self.should_exit = True

    async def shutdown(self, sockets: list | None = None) -> None:  # type: ignore[type-arg] # as in the base class
        """Answer what is on its way, saying that it was the last (`Connection: close`), then end as uvicorn does.

        uvicorn closes idle connections at once, and with them a request that was just being sent on one.
        """
        await self._stop_listening()
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        loop = asyncio.get_running_loop()
        end = loop.time() + LEAVE_SECONDS
        while self.server_state.connections and loop.time() < end:  # noqa: ASYNC110 - a set of uvicorn's
            await asyncio.sleep(LOOK_SECONDS)
        await super().shutdown(sockets)

    async def _stop_listening(self) -> None:
        """Take in who waits at the door, then close it: the kernel resets whom nobody has accepted."""
        doors = [socket.socket(fileno=os.dup(one.fileno())) for server in self.servers for one in server.sockets]
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        for door in doors:
            with door, contextlib.suppress(OSError):
                door.setblocking(False)
                while True:
                    client, _ = door.accept()
                    await loop.connect_accepted_socket(self._protocol, client)

    def _protocol(self) -> asyncio.Protocol:
        made = self.config.http_protocol_class
        assert not isinstance(made, str)
        return made(config=self.config, server_state=self.server_state, app_state={})  # type: ignore[call-arg]
