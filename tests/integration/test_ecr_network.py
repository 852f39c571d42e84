"""Between us and AWS: certificates and proxies."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ecr_secrets.aws.ecr import Ecr
from ecr_secrets.core.identity import AccessKeys, Identity
from ecr_secrets.errors import AwsUnavailableError, ConfigurationError, InvalidTokenError
from tests.integration.at_aws import IRELAND, enter, utc_now

SOMEBODY = Identity(keys=AccessKeys(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="s"))
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
AUTHENTICATE = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Listener:
    """A server that gives one answer to whatever it hears, and keeps what it heard."""

    answer: bytes
    port: int = 0
    heard: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Listener]:
    """Serve on loopback."""
    listener = Listener(answer)
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0, ssl=tls)
    listener.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener


def a_certificate(folder: Path, name: str, *, days: int = 1) -> tuple[ssl.SSLContext, Path]:
    """Make a self-signed certificate; return the server's context, and the certificate's file.

    Args:
        days: until it expires; negative: it has expired.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    until = utc_now() + timedelta(days=days)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=30))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(public + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context, file


async def test_a_certificate_that_is_not_trusted_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is sent to who cannot show a certificate, and the message says what to set."""
    context, _ = a_certificate(tmp_path, "localhost")
    async with listening(EMPTY, context) as aws:
        url = f"https://localhost:{aws.port}"
        enter(monkeypatch, tmp_path, {"AWS_ENDPOINT_URL_ECR": url})
        async with Ecr(clock=utc_now) as ecr:
            with pytest.raises(AwsUnavailableError) as raised:
                await ecr.fetch(SOMEBODY, IRELAND)

    assert str(raised.value) == (
        f"localhost:{aws.port}: its TLS certificate is not accepted: self-signed certificate; "
        "AWS_CA_BUNDLE names other authorities"
    )
    assert aws.heard == []


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
async def test_authorities_can_be_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """An endpoint inside a company's network is trusted through the SDK's own variables."""
    context, file = a_certificate(tmp_path, "localhost")
    async with listening(EMPTY, context) as aws:
        url = f"https://localhost:{aws.port}"
        enter(monkeypatch, tmp_path, {"AWS_ENDPOINT_URL_ECR": url, variable: str(file)})
        async with Ecr(clock=utc_now) as ecr:
            with pytest.raises(InvalidTokenError):  # the answer came, whatever it is
                await ecr.fetch(SOMEBODY, IRELAND)

    assert len(aws.heard) == 1


@pytest.mark.parametrize(
    ("name", "days", "problem"),
    [
        pytest.param("ecr.example.com", 1, "not accepted: Hostname mismatch", id="another-host"),
        pytest.param("localhost", -1, "not accepted: certificate has expired", id="expired"),
    ],
)
async def test_a_certificate_must_fit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, days: int, problem: str
) -> None:
    """A trusted authority is not enough: host and date count as well."""
    context, file = a_certificate(tmp_path, name, days=days)
    async with listening(EMPTY, context) as aws:
        url = f"https://localhost:{aws.port}"
        enter(monkeypatch, tmp_path, {"AWS_ENDPOINT_URL_ECR": url, "AWS_CA_BUNDLE": str(file)})
        async with Ecr(clock=utc_now) as ecr:
            with pytest.raises(AwsUnavailableError, match=problem):
                await ecr.fetch(SOMEBODY, IRELAND)

    assert aws.heard == []


async def test_authorities_that_are_not_there_stop_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A bundle that cannot be read is a mistake of the configuration, named as that."""
    enter(monkeypatch, tmp_path, {"AWS_CA_BUNDLE": str(tmp_path / "missing.pem")})
    ecr = Ecr(clock=utc_now)

    with pytest.raises(ConfigurationError, match=r"AWS_CA_BUNDLE: .*: No such file or directory"):
        await ecr.__aenter__()


@pytest.mark.parametrize("scheme", ["", "http://"], ids=["bare", "with-scheme"])
async def test_a_proxy_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scheme: str
) -> None:
    """The proxy of the environment carries the call, with the password of its URL."""
    async with listening(EMPTY) as proxy:
        address = f"{scheme}robot:hunter2@127.0.0.1:{proxy.port}"
        variables = {"AWS_ENDPOINT_URL_ECR": "http://ecr.example.com", "HTTP_PROXY": address}
        enter(monkeypatch, tmp_path, variables)
        async with Ecr(clock=utc_now) as ecr:
            with pytest.raises(InvalidTokenError):
                await ecr.fetch(SOMEBODY, IRELAND)

    assert proxy.heard[0].startswith(b"POST http://ecr.example.com/ HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic cm9ib3Q6aHVudGVyMg==\r\n" in proxy.heard[0]


@pytest.mark.parametrize(
    ("endpoint", "problem"),
    [
        pytest.param(
            "https://ecr.example.com", "ecr.example.com: the proxy answered HTTP 407", id="tunnel"
        ),
        pytest.param(
            "http://ecr.example.com",
            "GetAuthorizationToken in eu-west-1: AWS answered HTTP 407",
            id="plain",
        ),
    ],
)
async def test_a_proxy_that_refuses_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, endpoint: str, problem: str
) -> None:
    """What a proxy refuses is not AWS' doing, and the password of its URL is nobody's business."""
    async with listening(AUTHENTICATE) as proxy:
        address = f"http://robot:hunter2@127.0.0.1:{proxy.port}"
        variables = {"HTTP_PROXY": address, "HTTPS_PROXY": address}
        enter(monkeypatch, tmp_path, {"AWS_ENDPOINT_URL_ECR": endpoint, **variables})
        async with Ecr(clock=utc_now) as ecr:
            with pytest.raises(AwsUnavailableError) as raised:
                await ecr.fetch(SOMEBODY, IRELAND)

    assert str(raised.value) == problem
    assert raised.value.__suppress_context__


async def test_hosts_without_proxy_are_asked_directly(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """NO_PROXY counts, as for an endpoint inside the VPC."""
    async with listening(EMPTY) as aws, listening(AUTHENTICATE) as proxy:
        variables = {
            "AWS_ENDPOINT_URL_ECR": f"http://localhost:{aws.port}",
            "HTTP_PROXY": f"http://127.0.0.1:{proxy.port}",
            "NO_PROXY": "localhost",
        }
        enter(monkeypatch, tmp_path, variables)
        async with Ecr(clock=utc_now) as ecr:
            with pytest.raises(InvalidTokenError):
                await ecr.fetch(SOMEBODY, IRELAND)

    assert (len(aws.heard), proxy.heard) == (1, [])


async def test_a_host_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A region that was mistyped, or a missing name server, shows as what it is."""
    enter(monkeypatch, tmp_path, {"AWS_ENDPOINT_URL_ECR": "http://ecr.invalid"})
    async with Ecr(clock=utc_now) as ecr:
        with pytest.raises(AwsUnavailableError) as raised:
            await ecr.fetch(SOMEBODY, IRELAND)

    assert str(raised.value) == "ecr.invalid: the host name cannot be resolved"


async def test_an_endpoint_that_is_none_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A variable of the SDK that makes no sense is reported like every other failure."""
    enter(monkeypatch, tmp_path, {"AWS_ENDPOINT_URL_ECR": "not a url"})
    async with Ecr(clock=utc_now) as ecr:
        with pytest.raises(AwsUnavailableError, match="settings for ecr"):
            await ecr.fetch(SOMEBODY, IRELAND)
