"""A server where the API server expects the operator, and the ways in which it fails."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Self, TypeAlias

import msgspec

from ecr_secrets.core.review import allow
from ecr_secrets.core.webhook_configuration import Registration, render_configuration
from testbed.certificates import Authority
from testbed.operator import NAMESPACE
from testbed.ports import ReservedPort
from tests.cluster.api import Object
from tests.cluster.pods import Village
from tests.cluster.stage import SOON
from tests.fakes.conversations import Conversations

ADDRESS = "127.0.0.1"
_TRUSTED, _STRANGER = Authority("stand-in"), Authority("stranger")

Conversation: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What it does to whoever connects."""

    conversation: Conversation | None  # None: nobody listens
    tls: Literal["trusted", "untrusted", "none"] = "trusted"  # none: it does not shake hands


class StandIn:
    """Serves while it is entered, well until told otherwise; belongs to one event loop."""

    def __init__(self) -> None:
        self.visits = 0  # connections taken over; with TLS, those that have shaken hands
        self._port = ReservedPort()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.behave(GOOD)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()
        self._port.close()

    async def behave(self, behaviour: Behaviour) -> None:
        """End all connections, and treat new ones so."""
        await self._end()
        conversation = behaviour.conversation
        if conversation is None:
            return

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.visits += 1
            conversations.begin(reader, writer)

        conversations = self._conversations = Conversations(partial(_converse, conversation))
        self._server = await asyncio.start_server(
            begin, ADDRESS, self._port.number, ssl=_context(behaviour), reuse_port=True
        )

    def registration(self, name: str, secrets: Iterable[str]) -> Object:
        """Render what the operator would register if it were here.

        Args:
            name: of the configuration.
            secrets: names of pull secrets; pods that name one are asked about.
        """
        manifest = render_configuration(
            Registration(
                endpoint=f"https://{ADDRESS}:{self._port.number}",
                ca_bundle=_TRUSTED.certificate_pem,
                secret_names=frozenset(secrets),
                namespace=NAMESPACE,
                owner=None,
            )
        )
        return {**manifest, "metadata": {"name": name}}

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            await self._conversations.end()


@asynccontextmanager
async def standing_in(village: Village, *more_secrets: str) -> AsyncIterator[StandIn]:
    """Have the API server ask a stand-in about pods that name the village's pull secret.

    Args:
        village: no credential manages its pull secret, so the operator is not asked.
        more_secrets: that pods are asked about for.
    """
    api, name = village.stage.api, village.stage.name("stand-in")
    async with StandIn() as stand_in:
        api.create(stand_in.registration(name, {village.secret, *more_secrets}))
        try:
            await _await_question(stand_in, village)
            yield stand_in
        finally:
            api.delete("ValidatingWebhookConfiguration", name)


async def _await_question(stand_in: StandIn, village: Village) -> None:
    async with asyncio.timeout(SOON.total_seconds()):
        while not stand_in.visits:
            await asyncio.to_thread(village.create, village.namespaces[0], dry_run=True)


async def _converse(
    conversation: Conversation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        with suppress(ConnectionError, asyncio.IncompleteReadError):  # the other side has gone
            await conversation(reader, writer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
    finally:
        writer.transport.abort()


def _context(behaviour: Behaviour) -> ssl.SSLContext | None:
    if behaviour.tls == "none":
        return None
    authority = _TRUSTED if behaviour.tls == "trusted" else _STRANGER
    certificate = authority.issue_server([ADDRESS], ["localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as pair:
        Path(pair.name).write_bytes(certificate.certificate_pem + certificate.key_pem)
        context.load_cert_chain(pair.name)
    return context


async def read_question(reader: asyncio.StreamReader) -> str:
    """Read a request; return the uid of the question."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split()[0])
    uid: str = msgspec.json.decode(await reader.readexactly(length))["request"]["uid"]
    return uid


def respond(
    writer: asyncio.StreamWriter,
    body: bytes,
    *,
    status: str = "200 OK",
    content_type: str = "application/json",
    length: int | None = None,
) -> None:
    """Write an answer, and that it is the last one on its connection.

    Args:
        status: with its phrase.
        length: as announced; None: that of the body.
    """
    announced = len(body) if length is None else length
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {announced}\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    writer.write(body)


async def _allow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    respond(writer, allow(await read_question(reader)))


GOOD = Behaviour(_allow)
