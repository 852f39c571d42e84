"""The endpoint on a port of this machine, and clients of it: an honest one, and raw sockets."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from statistics import median

import aiohttp
import msgspec

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.webhook.admit import PodWebhook
from ecr_secrets.webhook.limits import Limits
from ecr_secrets.webhook.server import WebhookServer
from ecr_secrets.webhook.tls_context import load_pair, make_context
from testbed.certificates import Authority
from tests.core.builders import NOON, a_credential
from tests.core.reviews import UID, a_body

ADDRESS = "127.0.0.1"
AUTHORITY = Authority("webhook-ca")
TRUSTING = ssl.create_default_context(cadata=AUTHORITY.certificate_pem.decode())
SHOP = ObjectKey("shop", "ecr-login")
REVIEW = a_body("ecr-login")
GRACE = timedelta(seconds=5)
SOON = timedelta(seconds=1)  # long enough for an honest client on a busy machine
BRISK = 0.25  # seconds; an honest client's usual answer takes a few milliseconds
PATIENCE = 20  # seconds until a test that hangs is given up


def a_request(body: bytes = REVIEW, *, line: str = "POST /validate-pods HTTP/1.1") -> bytes:
    """Write down a request as the API server does."""
    head = f"{line}\r\nHost: webhook\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def a_head(*lines: str, line: str = "POST /validate-pods HTTP/1.1") -> bytes:
    """Write down a head."""
    return "\r\n".join((line, "Host: webhook", *lines, "", "")).encode()


@dataclass(frozen=True)
class Answer:
    """An answer on the wire."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def allows(self) -> bool:
        """Whether a pod is admitted by it."""
        return self.status == 200 and msgspec.json.decode(self.body)["response"]["allowed"] is True


@dataclass
class Line:
    """A connection of a client that sends what it likes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send these bytes, as far as the other side still takes them."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def drip(self, data: bytes, *, every: float) -> None:
        """Send one byte at a time, until the other side has enough.

        Args:
            every: seconds between two bytes.
        """
        for byte in data:
            if self.reader.at_eof() or self.writer.is_closing():
                return
            await self.send(bytes([byte]))
            await asyncio.sleep(every)

    async def answer(self) -> Answer | None:
        """Read the next answer; None: the connection has ended."""
        try:
            async with asyncio.timeout(PATIENCE):
                head = await self.reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode().strip().split("\r\n")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines)
                }
                body = await self._body(int(headers.get("content-length", "0")))
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return None
        return Answer(int(first.split()[1]), headers, body)

    async def _body(self, length: int) -> bytes:
        """Read what there is of a body: an answer to HEAD announces one that it has not."""
        try:
            return await self.reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            return error.partial

    async def ask(self, body: bytes = REVIEW) -> Answer | None:
        """Ask as the API server does."""
        await self.send(a_request(body))
        return await self.answer()

    async def has_ended(self) -> bool:
        """Wait for the other side to end the connection."""
        try:
            async with asyncio.timeout(PATIENCE):
                while await self.reader.read(65536):
                    pass
        except TimeoutError:
            return False
        except (ConnectionError, ssl.SSLError):
            pass
        return True


@dataclass
class Served:
    """A running server, and ways to it."""

    server: WebhookServer
    context: ssl.SSLContext  # the server's
    port: int
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @asynccontextmanager
    async def honest_client(self) -> AsyncIterator["HonestClient"]:
        """Run a client as well-behaved as the API server, which asks all the while.

        Raises:
            Exception: on leaving, if one of its questions was not answered well.
        """
        connector = aiohttp.TCPConnector(ssl=TRUSTING)
        async with aiohttp.ClientSession(connector=connector) as session:
            client = HonestClient(session, f"https://{ADDRESS}:{self.port}/validate-pods")
            asking = asyncio.create_task(client.keep_asking())
            await client.is_answered(asking)
            yield client
            await client.is_answered(asking)
            asking.cancel()
            await asyncio.wait([asking])

    async def connect(self, tls: ssl.SSLContext | None = None) -> Line:
        """Open a connection, and shake hands."""
        return await self._open(tls or TRUSTING)

    async def knock(self) -> Line:
        """Open a connection without a handshake."""
        return await self._open(None)

    async def _open(self, tls: ssl.SSLContext | None) -> Line:
        reader, writer = await asyncio.open_connection(ADDRESS, self.port, ssl=tls)
        self._writers.append(writer)
        return Line(reader, writer)

    async def connect_on(self, line: socket.socket) -> Line:
        """Shake hands on a socket that is connected."""
        line.setblocking(False)
        reader, writer = await asyncio.open_connection(
            sock=line, ssl=TRUSTING, server_hostname=ADDRESS
        )
        self._writers.append(writer)
        return Line(reader, writer)

    def hang_up(self) -> None:
        """End all connections that were opened raw."""
        for writer in self._writers:
            writer.transport.abort()


@dataclass
class HonestClient:
    """Asks over connections that it keeps."""

    session: aiohttp.ClientSession
    url: str
    spans: list[float] = field(default_factory=list)  # seconds that each answer took

    @property
    def answers(self) -> int:
        """How many there were."""
        return len(self.spans)

    async def ask(self, body: bytes = REVIEW) -> list[str]:
        """Ask, be admitted, and return the warnings.

        Raises:
            AssertionError: a pod was not admitted.
            aiohttp.ClientError: the call failed.
        """
        timeout = aiohttp.ClientTimeout(total=PATIENCE)
        began = time.monotonic()
        async with self.session.post(self.url, data=BytesIO(body), timeout=timeout) as answer:
            assert answer.status == 200
            response = msgspec.json.decode(await answer.read())["response"]
        assert (response["allowed"], response["uid"]) == (True, UID)
        self.spans.append(time.monotonic() - began)
        return list(response.get("warnings", []))

    async def keep_asking(self) -> None:
        """Ask one question after the other."""
        while True:
            await self.ask()
            await asyncio.sleep(0.005)

    async def is_answered(self, asking: asyncio.Task[None]) -> None:
        """Wait for the answer to a question that is not asked yet."""
        enough = self.answers + 2
        async with asyncio.timeout(PATIENCE):
            while self.answers < enough:
                if asking.done():
                    asking.result()
                await asyncio.sleep(0.005)


def trusting() -> ssl.SSLContext:
    """Make a TLS context like `TRUSTING`, to be changed."""
    return ssl.create_default_context(cadata=AUTHORITY.certificate_pem.decode())


def a_webhook(
    found: Callable[[ObjectKey], PullSecret | None] = lambda _: None,
    refresh_now: Callable[[str, ObjectKey], Awaitable[None]] | None = None,
) -> PodWebhook:
    """Build a webhook.

    Args:
        found: what the cluster holds; without it, nothing.
        refresh_now: without it, no secret is managed.
    """

    async def none_needed(credential: str, target: ObjectKey) -> None:
        raise AssertionError("nothing is to be refreshed")

    return PodWebhook(
        managed={SHOP: a_credential("shop")}.get if refresh_now else lambda _: None,
        found=found,
        refresh_now=refresh_now or none_needed,
        clock=lambda: NOON,
    )


@asynccontextmanager
async def serving(
    webhook: PodWebhook | None = None, limits: Limits | None = None
) -> AsyncIterator[Served]:
    """Run the server as in production, on a port that the system picks."""
    context = make_context()
    certificate = AUTHORITY.issue_server([ADDRESS], ["localhost"])
    load_pair(context, certificate.certificate_pem, certificate.key_pem)
    server = WebhookServer(webhook or a_webhook(), context=context, limits=limits or Limits())
    await server.start(ADDRESS, 0)
    served = Served(server, context, server.port)
    try:
        yield served
    finally:
        served.hang_up()
        await server.close(GRACE)


@asynccontextmanager
async def under_attack(
    limits: Limits | None = None, webhook: PodWebhook | None = None
) -> AsyncIterator[tuple[Served, HonestClient]]:
    """Run a server and its honest client, of which every question must be answered, and soon."""
    async with serving(webhook, limits) as served:
        async with served.honest_client() as honest:
            before = honest.answers
            yield served, honest
        during = honest.spans[before:]
        assert during
        assert median(during) < BRISK, during
