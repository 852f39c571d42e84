"""A loopback HTTP/1.1 server that does on demand what no well-behaved server does.

It knows nothing of Kubernetes: a script says, request by request, which bytes go out, and when.
"""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.conversations import Conversations


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedRequest:
    """One request as it came in."""

    method: str
    path: str  # decoded, without the query
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body)


class Exchange:
    """One request being answered.

    The connection is kept for the next request only after a complete `answer` or `finish`. A
    script that returns after anything else has the connection closed, in the middle of the answer.
    """

    def __init__(
        self, request: ScriptedRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.request = request
        self.complete = False
        self._reader = reader
        self._writer = writer

    async def answer(
        self,
        status: int,
        body: bytes | Mapping[str, Any] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Send a whole answer; a mapping goes out as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.send_raw(
            _head(status, {**_JSON, "Content-Length": str(len(content)), **(headers or {})})
            + content
        )
        self.complete = True

    async def begin_chunked(
        self, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send the head of an answer whose body follows in pieces."""
        await self.send_raw(
            _head(status, {**_JSON, "Transfer-Encoding": "chunked", **(headers or {})})
        )

    async def chunk(self, data: bytes) -> None:
        """Send one piece of the body."""
        await self.send_raw(b"%x\r\n%b\r\n" % (len(data), data))

    async def finish(self) -> None:
        """End a body that was sent in pieces."""
        await self.send_raw(b"0\r\n\r\n")
        self.complete = True

    def reset(self) -> None:
        """Break the connection off: the peer sees ECONNRESET, not an orderly end."""
        connection = self._writer.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)  # on, 0 seconds: close sends RST
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()

    async def send_raw(self, data: bytes) -> None:
        """Send these bytes as they are."""
        self.complete = False
        self._writer.write(data)
        await self._writer.drain()

    async def hang(self) -> None:
        """Stay silent until the server is closed or the peer goes away."""
        self.complete = False
        await self._reader.read()


Script: TypeAlias = Callable[[Exchange], Awaitable[None]]


@dataclass(slots=True)
class ScriptedServer:
    """A running server; `requests` lists what it was asked, in order."""

    script: Script
    url: str = ""
    requests: list[ScriptedRequest] = field(default_factory=list)
    connections: int = 0  # accepted so far
    _failure: Exception | None = None  # the first error of the script itself
    _conversations: Conversations = field(init=False)

    def __post_init__(self) -> None:
        self._conversations = Conversations(self._serve)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a new connection."""
        self.connections += 1
        self._conversations.begin(reader, writer)

    async def close(self) -> None:
        """Break every connection off, and report an error of the script."""
        await self._conversations.end()
        if self._failure is not None:
            raise self._failure

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            complete = True
            while complete and (request := await _read(reader)) is not None:
                self.requests.append(request)
                exchange = Exchange(request, reader, writer)
                await self.script(exchange)
                complete = exchange.complete
        except ConnectionError:
            pass  # the peer went away: its right
        except Exception as error:  # noqa: BLE001 - a script's failed assertion fails the test
            self._failure = self._failure or error


@asynccontextmanager
async def scripted_server(script: Script) -> AsyncIterator[ScriptedServer]:
    """Run a server that answers every request as the script says.

    Raises:
        Exception: on leaving, whatever the script itself raised.
    """
    running = ScriptedServer(script)
    server = await asyncio.start_server(running.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    running.url = f"http://127.0.0.1:{port}"
    try:
        yield running
    finally:
        server.close()
        await running.close()


_JSON = {"Content-Type": "application/json"}


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    phrase = HTTPStatus(status).phrase
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {headers[name]}" for name in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _read(reader: asyncio.StreamReader) -> ScriptedRequest | None:
    """Read one request; None: the peer has no more."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    if "transfer-encoding" in headers:
        raise AssertionError("the client sends no body in chunks")
    parts = urlsplit(target)
    return ScriptedRequest(
        method=method,
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        body=await reader.readexactly(int(headers.get("content-length", "0"))),
    )
