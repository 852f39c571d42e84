"""What a caller asks and what AWS answers, as values; how errors look on the wire."""

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# How the query protocol of STS spells the errors that the JSON protocols share.
_STS_CODES = {
    "AccessDeniedException": "AccessDenied",
    "ExpiredTokenException": "ExpiredToken",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "ThrottlingException": "Throttling",
    "UnrecognizedClientException": "InvalidClientTokenId",
}
_STS_FORBIDDEN = frozenset(_STS_CODES.values()) - {"Throttling"}  # sent as 403, not as 400
_STS_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


def utc_now() -> datetime:
    """Read the clock that the fakes go by unless a test gives them another."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as it came."""

    operation: str  # as in IAM policies: `ecr:GetAuthorizationToken`
    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)  # any case
    body: bytes = field(repr=False)
    access_key_id: str  # as claimed, not yet verified; "": unsigned
    region: str  # of the signature's scope; "": unsigned

    @property
    def service(self) -> str:
        """The service's name in the signature's scope."""
        return self.operation.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response, before it is sent."""

    status: int = 200
    content_type: str = "application/x-amz-json-1.1"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that AWS answers with."""

    code: str  # as the JSON protocols spell it
    message: str
    status: int = 400
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.refusal = Refusal(code, message, status)


def json_answer(content: object) -> Answer:
    """Answer in the JSON protocols."""
    return Answer(body=json.dumps(content).encode())


def xml_answer(action: str, result: str) -> Answer:
    """Answer in the query protocol of STS.

    Args:
        result: the elements inside `<ActionResult>`.
    """
    body = (
        f'<{action}Response xmlns="{_STS_NAMESPACE}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>{_REQUEST_ID}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return Answer(content_type="text/xml", body=body.encode())


def xml_element(name: str, text: str) -> str:
    """Write one element holding text."""
    return f"<{name}>{html.escape(text)}</{name}>"


def refusal_answer(refusal: Refusal, *, service: str) -> Answer:
    """Write an error the way the service does."""
    if service == "sts":
        return _xml_refusal(refusal)
    content: dict[str, Any] = {"__type": refusal.code, "message": refusal.message}
    body = json.dumps(content).encode()
    return Answer(status=refusal.status, headers=refusal.headers, body=body)


def _xml_refusal(refusal: Refusal) -> Answer:
    code = _STS_CODES.get(refusal.code, refusal.code)
    kind = "Sender" if refusal.status < 500 else "Receiver"
    body = (
        f'<ErrorResponse xmlns="{_STS_NAMESPACE}"><Error><Type>{kind}</Type>'
        f"{xml_element('Code', code)}{xml_element('Message', refusal.message)}</Error>"
        f"<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
    )
    status = 403 if code in _STS_FORBIDDEN else refusal.status
    return Answer(
        status=status, content_type="text/xml", headers=refusal.headers, body=body.encode()
    )


_REQUEST_ID = "00000000-0000-4000-8000-000000000000"
