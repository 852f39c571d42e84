"""The HTTPS server that the API server asks about pods."""

import asyncio
import socket
import ssl
from datetime import timedelta

from aiohttp import web

from ecr_secrets.errors import ConfigurationError
from ecr_secrets.webhook.admit import PodWebhook
from ecr_secrets.webhook.endpoint import Endpoint
from ecr_secrets.webhook.limits import Limits
from ecr_secrets.webhook.listener import Listener

_LIMITS = Limits()
_QUIET = 1.0  # seconds without a request, after which one is hardly on its way
_GLANCE = 0.02  # seconds between two looks at connections that are to end
_FAREWELL = timedelta(seconds=1)  # for the loop to see connections off that are broken off
_LAST_WORDS = 0.1  # seconds for handlers to end once they are cancelled


class WebhookServer:
    """Serves a webhook over TLS, to honest clients and others.

    Start it and close it from the same task; in between it runs by itself.
    """

    def __init__(
        self, webhook: PodWebhook, *, context: ssl.SSLContext, limits: Limits = _LIMITS
    ) -> None:
        """Prepare to serve, in a running event loop.

        Args:
            webhook: answers the questions.
            context: says which TLS and which HTTP is spoken. Its certificate may be loaded later
                and anew at any time: a new connection is greeted with what it holds then.
            limits: what clients are granted.
        """
        self._limits = limits
        self._group = asyncio.TaskGroup()
        self._server = web.Server(Endpoint(webhook, limits).answer)
        self._listener = Listener(self._server, context, limits, self._group)
        self._door: socket.socket | None = None  # None: not open

    @property
    def port(self) -> int:
        """The port that is listened on; 0: none."""
        return int(self._door.getsockname()[1]) if self._door else 0

    async def start(self, address: str, port: int) -> None:
        """Open the port and serve.

        Args:
            address: an IP address of this machine, or that for all of them.
            port: 0: any that is free.

        Raises:
            ConfigurationError: the port cannot be opened.
        """
        try:
            door = _open(address, port, self._limits)
        except OSError as error:
            raise ConfigurationError(
                f"--webhook-port: {address}:{port}: {error.strerror}"
            ) from None
        await self._group.__aenter__()
        self._listener.open(door)
        self._door = door

    async def close(self, grace: timedelta) -> None:
        """Stop serving without failing a call.

        New connections are refused at once. Those that are open may ask once more, and are told
        that this was the last answer; those that keep quiet end after a second.

        Args:
            grace: after which whatever is left is broken off.
        """
        if self._door is None:
            return
        self._listener.close(self._door)
        self._door = None
        await self._empty(grace)
        await self._server.shutdown(_LAST_WORDS)
        self._listener.abort()
        await self._empty(_FAREWELL)
        await self._group.__aexit__(None, None, None)

    async def _empty(self, within: timedelta) -> None:
        """Return when all connections are gone, or after a while."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within.total_seconds()
        while self._listener.connections and loop.time() < deadline:
            for connection in self._listener.connections:
                connection.drain(_QUIET)
            await asyncio.sleep(_GLANCE)


def _open(address: str, port: int, limits: Limits) -> socket.socket:
    """Listen; what is set here holds for each connection that is accepted."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    door = socket.create_server((address, port), family=family, backlog=limits.connections)
    for direction in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        door.setsockopt(socket.SOL_SOCKET, direction, limits.socket_buffer)
    door.settimeout(0)  # never block
    return door
