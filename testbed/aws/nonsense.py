"""Answers of ECR that look good from afar: status 200, JSON, and not a token to be used."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from testbed.aws.faults import Fault
from testbed.aws.wire import Answer

_LONG_AGO = 1_420_070_400  # 2015-01-01: what another well-known fake of AWS answers
_TEN_YEARS = 315_360_000  # seconds


def content(name: str, change: Callable[[Any], object]) -> Fault:
    """Change the parsed body of a good answer."""

    def spoil(answer: Answer) -> Answer:
        return replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())

    return Fault(name=name, spoil=spoil)


def entry(name: str, field: str, change: Callable[[Any], object]) -> Fault:
    """Change one field of each entry, of ECR's answer or of ECR Public's."""

    def changed(body: dict[str, Any]) -> object:
        data = body["authorizationData"]
        for one in data if isinstance(data, list) else [data]:
            one[field] = change(one.get(field))
        return body

    return content(name, changed)


def without(name: str, field: str) -> Fault:
    """Leave one field out of each entry."""

    def changed(body: dict[str, Any]) -> object:
        data = body["authorizationData"]
        for one in data if isinstance(data, list) else [data]:
            one.pop(field, None)
        return body

    return content(name, changed)


def token(name: str, change: Callable[[str], str]) -> Fault:
    """Change `AWS:<password>` inside the base64 of `authorizationToken`."""

    def changed(encoded: str) -> str:
        return base64.b64encode(change(base64.b64decode(encoded).decode()).encode()).decode()

    return entry(name, "authorizationToken", changed)


def endpoint(name: str, change: Callable[[str], object]) -> Fault:
    """Change `proxyEndpoint`."""
    return entry(name, "proxyEndpoint", change)


def expiry(name: str, change: Callable[[float], object]) -> Fault:
    """Change `expiresAt`, in seconds since the epoch."""
    return entry(name, "expiresAt", change)


def _twice(body: dict[str, Any]) -> dict[str, Any]:
    return {"authorizationData": body["authorizationData"] * 2}


SHAPES = (
    content("no-data", lambda _: {}),
    content("null-data", lambda _: {"authorizationData": None}),
    content("empty-data", lambda _: {"authorizationData": []}),
    content("null-entry", lambda _: {"authorizationData": [None]}),
    content("several-entries", _twice),
    content("list-instead-of-object", lambda body: [body]),
)
TOKENS = (
    token("no-colon", lambda text: text.replace(":", "")),
    token("other-user", lambda text: text.replace("AWS:", "root:", 1)),
    token("no-password", lambda _: "AWS:"),
    token("nul-in-password", lambda text: f"{text[:40]}\0{text[40:]}"),
    token("newline-in-password", lambda text: f"{text}\n"),
    token("password-not-ascii", lambda text: f"{text}é"),
    token("megabyte-of-password", lambda text: text + "x" * 2**20),
    entry("token-not-base64", "authorizationToken", lambda _: "%%% not base64 %%%"),
    entry("token-not-utf-8", "authorizationToken", lambda _: "QVdTOv/+/w=="),
    entry("token-empty", "authorizationToken", lambda _: ""),
    entry("token-null", "authorizationToken", lambda _: None),
    entry("token-a-number", "authorizationToken", lambda _: 7),
    without("token-missing", "authorizationToken"),
)
ENDPOINTS = (
    endpoint("endpoint-of-another-account", lambda url: f"https://999999999999{url[20:]}"),
    endpoint("endpoint-of-another-region", lambda url: url.replace(".ecr.", ".ecr.x-", 1)),
    endpoint("endpoint-of-another-partition", lambda url: f"{url}.cn"),
    endpoint("endpoint-plain-http", lambda url: url.replace("https://", "http://", 1)),
    endpoint("endpoint-elsewhere", lambda _: "https://registry.example.com"),
    endpoint("endpoint-behind-a-user", lambda url: url.replace("//", "//registry.example.com@")),
    endpoint("endpoint-with-a-port", lambda url: f"{url}:8443"),
    endpoint("endpoint-with-a-path", lambda url: f"{url}/v2/"),
    endpoint("endpoint-empty", lambda _: ""),
    endpoint("endpoint-null", lambda _: None),
    without("endpoint-missing", "proxyEndpoint"),
)
EXPIRIES = (
    expiry("expiry-long-ago", lambda _: _LONG_AGO),
    expiry("expiry-in-ten-years", lambda at: at + _TEN_YEARS),
    expiry("expiry-a-word", lambda _: "tomorrow"),
    expiry("expiry-nan", lambda _: float("nan")),
    expiry("expiry-infinite", lambda _: float("inf")),
    expiry("expiry-negative", lambda at: -at),
    expiry("expiry-in-milliseconds", lambda at: at * 1000),
    expiry("expiry-null", lambda _: None),
    without("expiry-missing", "expiresAt"),
)
NONSENSE = (*SHAPES, *TOKENS, *ENDPOINTS, *EXPIRIES)
