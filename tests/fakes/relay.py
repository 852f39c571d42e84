"""A way to a server that can be closed and opened, for one client alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.fakes.conversations import Conversations

_HANDSHAKE = 2  # pieces of a client with TLS 1.3: its hello, and that it has finished


class Relay:
    """Passes bytes between its own port and another one on loopback, while it is open."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._port = 0  # 0: not chosen yet
        self._server: asyncio.Server | None = None  # None: closed
        self.held = 0  # pieces that the client has sent since `hold`, not counting handshakes
        self._asking = _open_gate()
        self._answering = _open_gate()

    @property
    def port(self) -> int:
        """Where it listens, also after it was closed and opened again."""
        return self._port

    async def open(self) -> None:
        """Accept connections."""
        self._conversations = Conversations(self._connect)
        self._server = await asyncio.start_server(
            self._conversations.begin, "127.0.0.1", self._port
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Break every connection off and refuse new ones."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        await self._conversations.end()

    def hold(self, *, answers: bool = True) -> None:
        """Pass on no question any more, and tell nobody.

        Args:
            answers: whether answers to questions that were asked before are kept too.
        """
        self.held = 0
        self._asking.clear()
        if answers:
            self._answering.clear()

    def let_go(self) -> None:
        """Pass on what was held, and whatever comes."""
        self._asking.set()
        self._answering.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _aborting(writer):
            there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
            async with _aborting(back), asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, back, self._asking))
                group.create_task(self._pass_on(there, writer, self._answering))

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, gate: asyncio.Event
    ) -> None:
        pieces = 0
        while data := await source.read(65536):
            self.held += gate is self._asking and pieces >= _HANDSHAKE and not gate.is_set()
            pieces += 1
            await gate.wait()
            target.write(data)
            await target.drain()
        raise ConnectionError("one side has gone: so does the other")


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


@asynccontextmanager
async def _aborting(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def relay(to_port: int) -> AsyncIterator[Relay]:
    """Provide an open relay."""
    running = Relay(to_port)
    await running.open()
    try:
        yield running
    finally:
        await running.close()
