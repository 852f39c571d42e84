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
        self._flowing = asyncio.Event()
        self._flowing.set()

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

    def hold(self) -> None:
        """Pass nothing on any more, and tell nobody."""
        self.held = 0
        self._flowing.clear()

    def let_go(self) -> None:
        """Pass on what was held, and whatever comes."""
        self._flowing.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with _aborting(writer):
            there, back = await asyncio.open_connection("127.0.0.1", self._to_port)
            async with _aborting(back), asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, back, counted=True))
                group.create_task(self._pass_on(there, writer, counted=False))

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, counted: bool
    ) -> None:
        pieces = 0
        while data := await source.read(65536):
            self.held += counted and pieces >= _HANDSHAKE and not self._flowing.is_set()
            pieces += 1
            await self._flowing.wait()
            target.write(data)
            await target.drain()
        raise ConnectionError("one side has gone: so does the other")


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
