"""Whoever has got hold of the operator's token: any request, and what the API server says to it."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from testbed.control_plane import ControlPlane
from tests.cluster.admission_policy.ward import CONTENT_TYPES, Answer
from tests.cluster.audit import OPERATOR

_TIMEOUT = 30  # seconds


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request, as a line of HTTP; APPLY is a PATCH that applies on the server's side."""

    request: str
    denied: str  # the words of an authorizer: "list secrets" denied is 'list resource "secrets"'
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Intruder:
    """Sends attempts with a token."""

    control_plane: ControlPlane
    token: str = field(repr=False)

    def try_to(self, attempt: Attempt) -> Answer:
        """Send it; the body says nothing, since rights are looked at before it is."""
        method, path = attempt.request.split(" ", 1)
        content_type = CONTENT_TYPES["merge"] if method == "PATCH" else "application/json"
        if method == "APPLY":
            method, content_type = "PATCH", CONTENT_TYPES["apply"]
            path += "?fieldManager=intruder&force=true"
        address = urlsplit(self.control_plane.url)
        connection = http.client.HTTPSConnection(
            str(address.hostname),
            address.port,
            context=ssl.create_default_context(cafile=self.control_plane.ca_file),
            timeout=_TIMEOUT,
        )
        body = None if method in {"GET", "DELETE"} else b"{}"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        try:
            connection.request(method, path, body, headers | dict(attempt.headers))
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read()))
        finally:
            connection.close()


def assert_denied(answer: Answer, attempt: Attempt) -> None:
    """It was the authorizer, and for want of this very right."""
    assert answer.status == 403, answer.body
    assert OPERATOR in answer.words, answer.words
    assert attempt.denied in answer.words, attempt.request
