"""A port of loopback that answers HTTP, and that can be down."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Self, cast

from aiohttp import web

from testbed.aws.delivery import reset

_MOST_REQUEST_BYTES = 2**20


class Port:
    """An HTTP server on a port that the system picks; serves while it is entered.

    A client that gives up ends the work for it, also where that hangs.
    """

    def __init__(self, handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        app = web.Application(client_max_size=_MOST_REQUEST_BYTES)
        app.router.add_route("*", "/{path:.*}", handle)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=5.0
        )
        self._listener: asyncio.Server | None = None
        self._down = False
        self.url = ""  # known once it serves

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, sock=listener)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listener is not None
        self._listener.close()
        self.down = True  # for those whom the system has let in and we have not met yet
        await self._runner.cleanup()

    @property
    def down(self) -> bool:
        """Whether every connection, open or new, is reset."""
        return self._down

    @down.setter
    def down(self, down: bool) -> None:
        self._down = down
        if down:
            self._drop_connections()

    def _connection(self) -> asyncio.BaseProtocol:
        server = self._runner.server
        assert server is not None
        return _Resetting() if self._down else server()

    def _drop_connections(self) -> None:
        server = self._runner.server
        for connection in server.connections if server else ():
            if connection.transport is not None and not connection.transport.is_closing():
                reset(connection.transport)


class _Resetting(asyncio.Protocol):
    """A connection that ends as soon as it is made."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        reset(cast("asyncio.WriteTransport", transport))  # as every TCP transport is
