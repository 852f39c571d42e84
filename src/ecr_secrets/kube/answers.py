"""What an answer of the API server other than success means, as one of our errors. Pure."""

from datetime import timedelta
from http import HTTPStatus

import msgspec

from ecr_secrets.errors import (
    ConflictError,
    ForbiddenError,
    GoneError,
    NamespaceTerminatingError,
    NotFoundError,
    OperatorError,
    RejectedError,
    ThrottledError,
    UnauthorizedError,
    UnavailableError,
)

_MAX_TEXT = 300  # characters of the server's words that we pass on
_MAX_PATIENCE = timedelta(seconds=60)  # a longer Retry-After is not believed
_DEFAULT_PATIENCE = timedelta(seconds=1)  # what client-go assumes when a 429 names no time


class Cause(msgspec.Struct, frozen=True):
    """One entry of `details.causes`: what exactly is wrong."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(msgspec.Struct, frozen=True, rename="camel"):
    """What a `Status` adds for programs."""

    causes: tuple[Cause, ...] | None = None
    retry_after_seconds: int = 0


class Status(msgspec.Struct, frozen=True):
    """The API server's own error object: the body of a refusal, or of a watch's ERROR event."""

    reason: str = ""
    message: str = ""
    code: int = 0
    details: Details | None = None

    @property
    def causes(self) -> tuple[Cause, ...]:
        """What exactly is wrong; often nothing is said."""
        return (self.details and self.details.causes) or ()


def parse_status(body: bytes) -> Status:
    """Read a refusal's body; one that is no `Status`, such as a proxy's page, says nothing."""
    try:
        return msgspec.json.decode(body, type=Status)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Status()


def parse_retry_after(header: str | None) -> timedelta | None:
    """Read a Retry-After header; None: absent, or a date, which the API server never sends."""
    if header is None or not header.isascii() or not header.isdigit():
        return None
    return min(timedelta(seconds=int(header[:9])), _MAX_PATIENCE)


def error_from_status(
    code: int,
    status: Status,
    *,
    asked: str,
    confidential: bool = False,
    retry_after: timedelta | None = None,
) -> OperatorError:
    """Translate a refusal.

    Args:
        code: HTTP status, or the code of a watch's ERROR event.
        asked: the request, for the text: verb, resource, name.
        confidential: whether the objects concerned hold secret data. Of a refusal that may quote
            it only the reason and the causes are passed on.
        retry_after: what the Retry-After header says; None: there is none.
    """
    text = f"{asked}: {_describe(code, status, confidential=confidential)}"
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        return ThrottledError(text, _patience(status) if retry_after is None else retry_after)
    if code == HTTPStatus.SERVICE_UNAVAILABLE and retry_after is not None:
        return ThrottledError(text, retry_after)
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return UnavailableError(text)
    if code == HTTPStatus.FORBIDDEN and _names_terminating(status):
        return NamespaceTerminatingError(text)
    return _ERRORS.get(code, RejectedError)(text)


_ERRORS: dict[int, type[OperatorError]] = {
    HTTPStatus.UNAUTHORIZED: UnauthorizedError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.GONE: GoneError,
}

# Refusals decided before the content is looked at. Any other may quote it: a syntax error shows
# its surroundings (400), a value of the wrong shape is shown whole (500, measured on 1.36).
_BLIND_TO_CONTENT = frozenset({401, 403, 404, 410, 429, 503, 504})


def _patience(status: Status) -> timedelta:
    seconds = status.details.retry_after_seconds if status.details else 0
    if seconds <= 0:
        return _DEFAULT_PATIENCE
    return min(timedelta(seconds=min(seconds, 3600)), _MAX_PATIENCE)


def _names_terminating(status: Status) -> bool:
    return any(cause.reason == "NamespaceTerminating" for cause in status.causes)


def _describe(code: int, status: Status, *, confidential: bool) -> str:
    words = status.message
    if confidential and code not in _BLIND_TO_CONTENT:
        words = "; ".join(f"{cause.field} {cause.message}".strip() for cause in status.causes)
    reason = status.reason or _phrase(code)
    shown = " ".join(words.split())  # one line, whatever the server writes
    if len(shown) > _MAX_TEXT:
        shown = f"{shown[: _MAX_TEXT - 1]}…"
    return f"{reason}: {shown}" if shown else reason


def _phrase(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"HTTP status {code}"
