"""The door: accepts connections up to a number, and decides who goes when it is full."""

import asyncio
import logging
import socket
import ssl
from functools import partial

from aiohttp import web

from ecr_secrets.webhook.connection import Connection
from ecr_secrets.webhook.limits import Limits

log = logging.getLogger(__name__)

_AT_ONCE = 32  # connections accepted before others get their turn
_PAUSE = 1.0  # seconds, when the system is out of file descriptors or memory


class Listener:
    """Accepts connections on a socket, and counts them from their first packet to their last.

    When there are as many as may be, one goes that waits. A client whose question is complete does
    not wait, and never goes before it is answered: if all are such, the new one is turned away.

    Of those that wait the larger part gives one up: those that were never answered, half-open ones
    and slow bodies included, or those that were. So connections that the API server keeps outlive
    those of a flood, and a flood that has asked once does not keep new ones out. Of either part the
    one goes that waits longest; of those that were answered, one that has begun to ask goes last.

    State is touched only between awaits of one event loop.
    """

    def __init__(
        self, server: web.Server, context: ssl.SSLContext, limits: Limits, group: asyncio.TaskGroup
    ) -> None:
        """Prepare to accept.

        Args:
            server: the part of aiohttp that all connections share.
            context: what a client is greeted with, as it is at that moment.
            limits: what clients are granted.
            group: owns the handshakes.
        """
        self._server = server
        self._context = context
        self._limits = limits
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._greetings: dict[Connection, asyncio.Task[None]] = {}
        # Those being greeted included, in the order of their coming; the clock is too coarse.
        self._connections: dict[Connection, None] = {}
        self._pause: asyncio.TimerHandle | None = None  # None: none was needed yet

    @property
    def connections(self) -> tuple[Connection, ...]:
        """All there are."""
        return tuple(self._connections)

    def open(self, door: socket.socket) -> None:
        """Accept connections on a socket that listens and does not block."""
        self._loop.add_reader(door, self._accept, door, _AT_ONCE)

    def close(self, door: socket.socket) -> None:
        """Accept what the system has accepted already, then no more."""
        self._accept(door, self._limits.connections)
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(door)
        door.close()

    def abort(self) -> None:
        """Break all connections off; they are gone a moment later."""
        for connection in self.connections:
            self._break_off(connection)

    def _accept(self, door: socket.socket, at_most: int) -> None:
        for _ in range(at_most):
            try:
                if not self._accept_one(door):
                    return
            except OSError as error:
                log.warning("cannot accept connections", extra={"error": error.strerror})
                self._loop.remove_reader(door)
                self._pause = self._loop.call_later(_PAUSE, self.open, door)
                return

    def _accept_one(self, door: socket.socket) -> bool:
        """Accept a connection, if there is one.

        Raises:
            OSError: there is one, and it cannot be had.
        """
        try:
            line, _ = door.accept()
        except BlockingIOError:
            return False
        except ConnectionError:  # the client has gone already
            return True
        line.settimeout(0)  # never block
        self._admit(line)
        return True

    def _admit(self, line: socket.socket) -> None:
        if len(self._connections) >= self._limits.connections and not self._make_room():
            log.debug("connection turned away: too many are being answered")
            line.close()
            return
        connection = Connection(self._server, self._limits, self._leave)
        greeting = self._group.create_task(self._greet(connection, line), name="greeting")
        self._connections[connection] = None
        self._greetings[connection] = greeting
        greeting.add_done_callback(partial(self._greeted, connection, line))

    def _make_room(self) -> bool:
        longest = self._longest_waiting()
        if longest is None:
            return False
        self._break_off(longest)
        self._leave(longest)  # makes room at once
        return True

    def _longest_waiting(self) -> Connection | None:
        """Choose who goes; None: all are being answered."""
        waiting = [each for each in self._connections if not each.being_answered]
        proven = [each for each in waiting if each.proven]
        if len(proven) * 2 > len(waiting):
            return min(proven, key=lambda each: (each.busy, each.waits_since))
        unproven = (each for each in waiting if not each.proven)
        return min(unproven, key=lambda each: each.waits_since, default=None)

    def _break_off(self, connection: Connection) -> None:
        if greeting := self._greetings.get(connection):
            greeting.cancel()
        connection.abort()

    async def _greet(self, connection: Connection, line: socket.socket) -> None:
        """Shake hands; a failure is a value here, since one that is raised ends the group."""
        greeting = self._loop.connect_accepted_socket(
            lambda: connection,
            line,
            ssl=self._context,
            ssl_handshake_timeout=self._limits.handshake.total_seconds(),
            ssl_shutdown_timeout=self._limits.handshake.total_seconds(),
        )
        (outcome,) = await asyncio.gather(greeting, return_exceptions=True)
        if isinstance(outcome, OSError):  # TLS errors and time-outs are among these
            log.debug("no handshake", extra={"error": type(outcome).__name__})
        elif isinstance(outcome, Exception):
            log.error("handshake crashed", exc_info=outcome)

    def _greeted(self, connection: Connection, line: socket.socket, _: asyncio.Task[None]) -> None:
        del self._greetings[connection]
        if not connection.established:
            self._leave(connection)
            line.close()

    def _leave(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
