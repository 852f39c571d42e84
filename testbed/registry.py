"""A registry that opens to the tokens of the fake AWS, and the client's side of asking it."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Self

import aiohttp
from aiohttp import web

from testbed.aws.port import Port
from testbed.aws.server import FakeAws
from testbed.aws.tokens import Verdict
from testbed.node.configuration import HOST_HEADER
from testbed.node.image import Blob, Images

# What ECR's registries answer; the words for an expired token are its own.
_REFUSALS = {
    Verdict.EXPIRED: (403, "Your authorization token has expired. Reauthenticate and try again."),
    Verdict.UNKNOWN: (401, "Not Authorized\n"),
    Verdict.WRONG_REGION: (400, "Bad Request\n"),
    Verdict.NOT_SHARED: (403, "denied: User is not authorized to perform: ecr:BatchGetImage"),
}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="https://ecr.aws/",service="ecr.aws"'}
_API = "/v2/"
# Of the OCI distribution specification, what pulling takes.
_PART = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")
_TIMEOUT = aiohttp.ClientTimeout(total=10)  # seconds; it is on the same machine


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to the registry."""

    host: str  # the ECR host that was meant
    path: str
    status: int
    method: str = "GET"
    shown: str = ""  # digest of the password that was shown; "": none was


class FakeRegistry:
    """All registries of the fake AWS, on one port, while it is entered.

    Which host is meant is said by the query `?ns=<host>`, as a node does when it is pointed to
    a mirror, by a header that a node is told to send, or else by the `Host` header.
    """

    def __init__(self, aws: FakeAws, images: Images | None = None) -> None:
        """Prepare to open to the tokens of a fake AWS.

        Args:
            aws: whose tokens.
            images: in every repository of every host; None: nobody pulls.
        """
        self.visits: list[Visit] = []
        self._aws = aws
        self._images = images
        self._port = Port(self._handle)

    async def __aenter__(self) -> Self:
        await self._port.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._port.__aexit__()

    @property
    def url(self) -> str:
        """Where it is."""
        return self._port.url

    async def _handle(self, request: web.Request) -> web.Response:
        host = request.query.get("ns") or request.headers.get(HOST_HEADER) or request.host
        password = _password(request)
        response = self._answer(request, host, password)
        shown = password_digest(password) if password else ""
        self.visits.append(Visit(host, request.path, response.status, request.method, shown))
        return response

    def _answer(self, request: web.Request, host: str, password: str) -> web.Response:
        part = self._find(request.path, host)
        if part is None:
            return web.Response(status=404)
        verdict = self._aws.verdict(password, host)
        if verdict in _REFUSALS:
            status, text = _REFUSALS[verdict]
            headers = _CHALLENGE if status == 401 else {}
            return web.Response(status=status, text=text, headers=headers)
        return web.Response(
            body=part.content,
            content_type=part.media_type,
            headers={"Docker-Content-Digest": part.digest},
        )

    def _find(self, path: str, host: str) -> Blob | None:
        """Return what is asked for; None: there is no such thing."""
        if path == _API:
            return Blob("application/json", b"{}")
        asked = _PART.fullmatch(path)
        if asked is None or self._images is None:
            return None
        image = self._images.image(f"{host}/{asked['repository']}")
        reference = asked["reference"]
        if asked["kind"] == "manifests" and ":" not in reference:  # a tag; all name the same
            return image.manifest
        return image.blob(reference)


def password_digest(password: str) -> str:
    """Tell passwords apart without keeping them."""
    return hashlib.sha256(password.encode()).hexdigest()[:16]


async def pull_check(docker_config_json: bytes, host: str, registry_url: str) -> int:
    """Ask the registry of a host with what a pull secret holds for it; return the HTTP status.

    Reads the secret as the kubelet does: `auth`, where there is one, wins over `username` and
    `password`. Without an entry for the host, it asks without credentials.

    Raises:
        ValueError: the kubelet could not read the secret either.
    """
    auths = json.loads(docker_config_json).get("auths") or {}
    headers = {"Authorization": _basic(auths[host])} if host in auths else {}
    async with (
        aiohttp.ClientSession(timeout=_TIMEOUT) as session,
        session.get(f"{registry_url}/v2/", params={"ns": host}, headers=headers) as response,
    ):
        return response.status


def _password(request: web.Request) -> str:
    """Return what is shown as the user `AWS`; "": nothing that could be a token."""
    basic = _decode(request.headers.get("Authorization", "").removeprefix("Basic "))
    return basic[1] if basic and basic[0] == "AWS" else ""


def _basic(entry: dict[str, str]) -> str:
    pair = (entry.get("username", ""), entry.get("password", ""))
    if entry.get("auth"):
        decoded = _decode(entry["auth"])
        if decoded is None:
            raise ValueError("auth is not base64 of user:password")
        pair = decoded
    return f"Basic {base64.b64encode(':'.join(pair).encode()).decode()}"


def _decode(encoded: str) -> tuple[str, str] | None:
    """Read user and password; None: that is not what it is."""
    padding = "=" * (-len(encoded) % 4)  # the kubelet takes it with padding and without
    try:
        text = base64.b64decode(encoded + padding, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, password = text.partition(":")
    return (user, password) if colon else None
