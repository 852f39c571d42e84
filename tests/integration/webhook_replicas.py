"""Replicas that serve TLS on loopback, the record and the bundle they share, and who asks them."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec

from ecr_secrets.core.authority import Lifetimes
from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.errors import ConflictError
from ecr_secrets.webhook.authority import ServingNames
from ecr_secrets.webhook.ca_record import Entry, encode_record
from ecr_secrets.webhook.ca_secret import DATA_KEY, FoundRecord, parse_secret
from ecr_secrets.webhook.certificates import Certificates
from ecr_secrets.webhook.surroundings import Terms
from tests.fakes.eventually import eventually

HOST = "127.0.0.1"


def utc_now() -> datetime:
    """Read the clock that TLS goes by as well."""
    return datetime.now(UTC)  # noqa: TID251 - certificates are checked against the real time


@dataclass
class Cluster:
    """A Secret and a CA bundle, of which every replica sees the last state at once."""

    secret: bytes | None = field(default=None, repr=False)  # a manifest
    bundle: bytes | None = None  # None: there is no configuration
    listeners: list[Callable[[], None]] = field(default_factory=list)
    told: list[Occurrence] = field(default_factory=list)
    _versions: int = 100
    _bundles: list[tuple[float, bytes]] = field(default_factory=list)  # since when

    def put_record(self, content: bytes) -> None:
        """Have the Secret hold this."""
        self._versions += 1
        metadata = {
            "name": "webhook-ca",
            "namespace": "operator",
            "uid": "uid-of-the-secret",
            "resourceVersion": str(self._versions),
        }
        data = {DATA_KEY: b64encode(content).decode()}
        self.secret = msgspec.json.encode({"metadata": metadata, "data": data})
        self._tell()

    def delete_record(self) -> None:
        """Delete the Secret."""
        self.secret = None
        self._tell()

    def put_bundle(self, bundle: bytes | None) -> None:
        """Have the configuration hold this bundle; None: delete it."""
        self.bundle = bundle
        if bundle is not None:
            self._bundles.append((asyncio.get_running_loop().time(), bundle))
        self._tell()

    def found(self) -> FoundRecord | None:
        """Read the Secret."""
        return None if self.secret is None else parse_secret(self.secret)

    def bundle_of(self, *, seconds_ago: float) -> bytes:
        """Return the bundle that an API server goes by that is so far behind."""
        then = asyncio.get_running_loop().time() - seconds_ago
        past = [bundle for since, bundle in self._bundles if since <= then]
        return past[-1] if past else self._bundles[0][1]

    def count(self, reason: str) -> int:
        """Tell how often something was told."""
        return sum(told.reason == reason for told in self.told)

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()


@dataclass
class SharedRecords:
    """The record, as one replica reaches it."""

    cluster: Cluster

    async def run(self) -> None:
        await asyncio.Event().wait()

    def seen(self) -> FoundRecord | None:
        found = self.cluster.found()
        return found and replace(found, record=found.record.without_keys())

    async def read(self) -> FoundRecord | None:
        await asyncio.sleep(0)
        return self.cluster.found()

    async def write(self, found: FoundRecord | None, entries: Iterable[Entry]) -> None:
        await asyncio.sleep(0)
        now = self.cluster.found()
        if (now and now.resource_version) != (found and found.resource_version):
            raise ConflictError("secrets operator/webhook-ca: changed meanwhile")
        self.cluster.put_record(encode_record(entries))


class SharedConfiguration:
    """The bundle, as one replica reaches it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.certificates: Certificates | None = None

    def seen(self) -> bytes | None:
        return self._cluster.bundle

    async def read(self) -> bytes | None:
        await asyncio.sleep(0)
        return self._cluster.bundle

    async def publish(self) -> None:
        """Bring it up to date, or create it."""
        assert self.certificates
        before = self._cluster.bundle
        bundle = await self.certificates.bundle_for(before)
        await asyncio.sleep(0)
        if self._cluster.bundle != before:
            raise ConflictError("changed meanwhile")
        if bundle is not None:
            self._cluster.put_bundle(bundle)


@dataclass
class Replica:
    """A process: its certificates, and the port it serves with them."""

    certificates: Certificates
    configuration: SharedConfiguration
    port: int

    async def register(self) -> None:
        """Create the configuration, as soon as there is a certificate to serve with."""
        await eventually(lambda: self.certificates.issued)
        await self.configuration.publish()


@asynccontextmanager
async def a_replica(cluster: Cluster, lifetimes: Lifetimes) -> AsyncIterator[Replica]:
    """Run one."""
    configuration = SharedConfiguration(cluster)
    certificates = Certificates(
        SharedRecords(cluster),
        configuration,
        Terms(names=ServingNames(ip_addresses=(HOST,)), lifetimes=lifetimes),
        clock=utc_now,
        tell=cluster.told.append,
    )
    configuration.certificates = certificates
    cluster.listeners.append(certificates.look)
    running = asyncio.create_task(certificates.run())
    async with serving(certificates.context) as port:
        yield Replica(certificates, configuration, port)
    cluster.listeners.remove(certificates.look)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def serving(context: ssl.SSLContext) -> AsyncIterator[int]:
    """Answer every line with itself, over TLS; yields the port."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(echo, HOST, 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


class Caller:
    """An API server's side of one connection, which trusts one bundle."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int, bundle: bytes) -> "Caller":
        """Open a connection.

        Raises:
            ssl.SSLError: the certificate cannot be verified.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=bundle.decode())
        return cls(*await asyncio.open_connection(HOST, port, ssl=context))

    async def ask(self) -> bool:
        """Tell whether the other side answers."""
        self._writer.write(b"review\n")
        async with asyncio.timeout(5):
            return await self._reader.readline() == b"review\n"

    def certificate(self) -> bytes:
        """Return the certificate that was shown, DER."""
        shown: bytes = self._writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return shown

    async def close(self) -> None:
        """End the connection."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except (ConnectionError, ssl.SSLError):
            return


async def ask_once(port: int, bundle: bytes) -> bool:
    """Ask over a connection of its own; False: it could not be verified."""
    try:
        caller = await Caller.connect(port, bundle)
    except (ssl.SSLError, ConnectionError):
        return False
    try:
        return await caller.ask()
    finally:
        await caller.close()
