"""What each refusal of the API server becomes."""

import json
from datetime import timedelta
from typing import Any

import pytest

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
from ecr_secrets.kube.answers import Status, error_from_status, parse_retry_after, parse_status

ASKED = "apply secrets shop/ecr-login"


def _a_status(reason: str = "Any", message: str = "", **details: Any) -> Status:
    body = {"kind": "Status", "reason": reason, "message": message, "details": details}
    return parse_status(json.dumps(body).encode())


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(302, RejectedError, id="redirect"),
        pytest.param(400, RejectedError, id="bad-request"),
        pytest.param(401, UnauthorizedError, id="unauthorized"),
        pytest.param(403, ForbiddenError, id="forbidden"),
        pytest.param(404, NotFoundError, id="not-found"),
        pytest.param(409, ConflictError, id="conflict"),
        pytest.param(410, GoneError, id="gone"),
        pytest.param(413, RejectedError, id="too-large"),
        pytest.param(422, RejectedError, id="invalid"),
        pytest.param(429, ThrottledError, id="throttled"),
        pytest.param(499, RejectedError, id="last-before-the-server-errors"),
        pytest.param(500, UnavailableError, id="internal"),
        pytest.param(503, UnavailableError, id="unavailable"),
        pytest.param(504, UnavailableError, id="etcd-does-not-answer"),
        pytest.param(599, UnavailableError, id="no-known-status"),
    ],
)
def test_every_status_has_its_error(code: int, expected: type[OperatorError]) -> None:
    """What went wrong is told by the class, so that the reason shown to users is right."""
    error = error_from_status(code, Status(), asked=ASKED)

    assert type(error) is expected
    assert str(error).startswith(f"{ASKED}: ")


@pytest.mark.parametrize(
    ("code", "cause", "expected"),
    [
        pytest.param(403, "NamespaceTerminating", NamespaceTerminatingError, id="terminating"),
        pytest.param(403, "Other", ForbiddenError, id="another-cause"),
        pytest.param(409, "NamespaceTerminating", ConflictError, id="another-status"),
    ],
)
def test_a_namespace_that_goes_away_is_no_missing_rule(
    code: int, cause: str, expected: type[OperatorError]
) -> None:
    """A 403 in a namespace that is being deleted is harmless, and must not look like RBAC."""
    status = _a_status("Forbidden", causes=[{"reason": cause, "message": "", "field": ""}])

    assert type(error_from_status(code, status, asked=ASKED)) is expected


def test_the_servers_words_are_passed_on_in_one_bounded_line() -> None:
    """A user reads why, and no answer floods a condition or the log."""
    status = _a_status("Forbidden", f"no\n{'x' * 1000}")

    text = str(error_from_status(403, status, asked=ASKED))

    assert text.startswith(f"{ASKED}: Forbidden: no xxx")
    assert text.endswith("…")
    assert len(text) == len(f"{ASKED}: Forbidden: ") + 300


@pytest.mark.parametrize("code", [302, 400, 409, 413, 415, 422, 500, 502])
def test_a_refusal_of_a_secrets_content_never_quotes_it(code: int) -> None:
    """Syntax errors quote their surroundings: of those only field and cause are passed on."""
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".d"}
    status = _a_status("Conflict", 'error near "data": {"password": "hunter2"}', causes=[cause])

    error = error_from_status(code, status, asked=ASKED, confidential=True)

    assert str(error) == f'{ASKED}: Conflict: .d conflict with "kubectl"'


def test_a_refused_right_on_secrets_is_explained() -> None:
    """A missing RBAC rule can hold no secret, and the server's words say which rule it is."""
    status = _a_status("Forbidden", 'User "operator" cannot patch resource "secrets"')

    error = error_from_status(403, status, asked=ASKED, confidential=True)

    assert str(error).endswith('Forbidden: User "operator" cannot patch resource "secrets"')


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>token=hunter2</html>", id="a-proxys-page"),
        pytest.param(b'{"message": 7}', id="other-types"),
        pytest.param(b'{"message": "\xff"}', id="not-utf-8"),
        pytest.param(b"[" * 100_000, id="deeply-nested"),
        pytest.param(b"null", id="null"),
    ],
)
def test_a_body_that_is_no_status_says_nothing(body: bytes) -> None:
    """Whatever a proxy on the way sends, the HTTP status alone decides, and nothing is quoted."""
    error = error_from_status(502, parse_status(body), asked=ASKED)

    assert str(error) == f"{ASKED}: 502 Bad Gateway"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(None, None, id="absent"),
        pytest.param("", None, id="empty"),
        pytest.param("0", timedelta(0), id="zero"),
        pytest.param("59", timedelta(seconds=59), id="just-below-the-bound"),
        pytest.param("60", timedelta(seconds=60), id="at-the-bound"),
        pytest.param("61", timedelta(seconds=60), id="just-above-the-bound"),
        pytest.param("9" * 400, timedelta(seconds=60), id="absurd"),
        pytest.param("-1", None, id="negative"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("²", None, id="digit-of-another-kind"),
        pytest.param("Wed, 21 Oct 2026 07:28:00 GMT", None, id="date"),
    ],
)
def test_retry_after_is_believed_within_bounds(
    header: str | None, expected: timedelta | None
) -> None:
    """The server may ask for patience, not for an hour of silence."""
    assert parse_retry_after(header) == expected


@pytest.mark.parametrize(
    ("code", "header", "details", "expected"),
    [
        pytest.param(429, timedelta(seconds=7), {}, timedelta(seconds=7), id="header"),
        pytest.param(429, timedelta(0), {}, timedelta(0), id="header-of-zero"),
        pytest.param(429, None, {"retryAfterSeconds": 5}, timedelta(seconds=5), id="body"),
        pytest.param(429, None, {"retryAfterSeconds": 10**12}, timedelta(seconds=60), id="bounded"),
        pytest.param(429, None, {}, timedelta(seconds=1), id="nothing-said"),
        pytest.param(503, timedelta(seconds=7), {}, timedelta(seconds=7), id="unavailable"),
    ],
)
def test_the_wait_asked_for_is_in_the_error(
    code: int, header: timedelta | None, details: dict[str, Any], expected: timedelta
) -> None:
    """Whoever retries later knows when it makes sense."""
    status = _a_status("TooManyRequests", **details)

    error = error_from_status(code, status, asked=ASKED, retry_after=header)

    assert isinstance(error, ThrottledError)
    assert error.retry_after == expected
