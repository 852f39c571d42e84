"""A TCP port in front of several replicas, as a Service is: it knows who is ready, and no TLS."""

import asyncio
import itertools
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self, TypeVar
from urllib.parse import urlsplit

from tests.cluster.loop_thread import LoopThread

T = TypeVar("T")

_HOST = "127.0.0.1"
_GLANCE = 0.1  # seconds between two looks at who is ready
_PATIENCE = 3.0  # seconds for the answer of /readyz, as in install.yaml
_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Member:
    """A replica: where it answers pods, and where it tells whether it is ready."""

    port: int
    health_url: str


@dataclass(slots=True, eq=False)
class _Line:
    """A connection that is passed on."""

    port: int
    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def cut(self) -> None:
        for writer in self.writers:
            writer.transport.abort()

    def dismiss(self) -> None:
        """Tell the client that nothing more comes; who keeps connections hangs up at that."""
        with suppress(OSError):  # it has hung up already
            self.writers[0].get_extra_info("socket").shutdown(socket.SHUT_WR)


@dataclass(slots=True)
class _State:
    """Touched on the balancer's event loop only."""

    members: set[Member] = field(default_factory=set)
    ready: set[int] = field(default_factory=set)  # ports
    only: int | None = None  # None: whoever is ready
    lines: set[_Line] = field(default_factory=set)
    accepted: int = 0  # connections of clients
    refused: int = 0  # connections that a replica did not accept although it counted as ready


class Balancer:
    """Passes connections on to members that are ready, in turn, while it is entered.

    Who leaves gets no new connection; those that are open stay, as with a Service.
    """

    def __enter__(self) -> Self:
        self._state = _State()
        self._turns = itertools.count()
        self._thread = LoopThread("balancer").__enter__()
        self._server, self._watcher = self._thread.do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.do(self._shut())
        self._thread.__exit__()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def accepted(self) -> int:
        """How many connections clients have opened."""
        return self._ask(lambda state: state.accepted)

    @property
    def refused(self) -> int:
        """How many connections a member did not accept although it counted as ready."""
        return self._ask(lambda state: state.refused)

    def join(self, member: Member) -> None:
        """Take a member in; it gets connections as soon as it is ready."""
        self._ask(lambda state: state.members.add(member))

    def leave(self, port: int) -> None:
        """Give a member no new connection."""

        def leave(state: _State) -> None:
            state.members = {member for member in state.members if member.port != port}
            state.ready.discard(port)

        self._ask(leave)

    def is_ready(self, port: int) -> bool:
        """Tell whether a member gets connections."""
        return self._ask(lambda state: port in state.ready)

    @contextmanager
    def only(self, port: int) -> Iterator[None]:
        """Have one member answer everything; connections to others are cut."""

        def choose(state: _State) -> None:
            state.only = port
            for line in state.lines:
                if line.port != port:
                    line.cut()

        self._ask(choose)
        try:
            yield
        finally:
            self._ask(lambda state: setattr(state, "only", None))

    def dismiss(self) -> None:
        """Have every client hang up, so that its next question takes a new connection.

        Nobody may be waiting for an answer. When this returns all have hung up: none can be about
        to ask over a connection that ends.
        """
        self._thread.do(self._dismiss())

    async def _dismiss(self) -> None:
        lines = list(self._state.lines)
        for line in lines:
            line.dismiss()
        for line in lines:
            await line.over.wait()

    async def _open(self) -> tuple[asyncio.Server, asyncio.Task[None]]:
        server = await asyncio.start_server(self._pass_on, _HOST, 0)
        return server, asyncio.create_task(self._watch())

    async def _shut(self) -> None:
        self._server.close()
        self._watcher.cancel()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for line in self._state.lines:
                line.cut()
            await asyncio.wait(others, timeout=_GLANCE)

    async def _watch(self) -> None:
        while True:
            members = list(self._state.members)
            answers = await asyncio.gather(*(_is_ready(member) for member in members))
            for member, ready in zip(members, answers, strict=True):
                if ready and member in self._state.members:
                    self._state.ready.add(member.port)
                else:
                    self._state.ready.discard(member.port)
            await asyncio.sleep(_GLANCE)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._state.accepted += 1
        for port in self._choices():
            try:
                there, back = await asyncio.open_connection(_HOST, port)
            except ConnectionError:
                self._state.refused += 1
                continue
            line = _Line(port, (writer, back))
            self._state.lines.add(line)
            try:
                await asyncio.gather(_pump(reader, back), _pump(there, writer))
            finally:
                line.cut()
                self._state.lines.discard(line)
                line.over.set()
            return
        writer.transport.abort()

    def _choices(self) -> list[int]:
        if self._state.only is not None:
            return [self._state.only]
        ports = sorted(self._state.ready)
        first = next(self._turns) % max(1, len(ports))
        return ports[first:] + ports[:first]

    def _ask(self, question: Callable[[_State], T]) -> T:
        async def answer() -> T:
            return question(self._state)

        return self._thread.do(answer())


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """Hand bytes on until the source ends, and say so; a break ends the other way as well."""
    try:
        while data := await source.read(_CHUNK):
            sink.write(data)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()
    except OSError:
        sink.transport.abort()


async def _is_ready(member: Member) -> bool:
    host = urlsplit(member.health_url).netloc
    name, _, port = host.partition(":")
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(name, int(port))
            try:
                writer.write(f"GET /readyz HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                return b" 200 " in await reader.readline()
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return False
