"""Ways to misbehave, as data: what to wait for, what to answer, how to send it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from testbed.aws.wire import Answer, Refusal


@dataclass(frozen=True, slots=True)
class Whole:
    """Send the answer as a good server does."""


@dataclass(frozen=True, slots=True)
class Drip:
    """Send one byte per interval."""

    interval: timedelta
    head_too: bool = False  # False: status and headers come at once, the body drips


@dataclass(frozen=True, slots=True)
class Truncated:
    """Announce the whole body, send half of it, and close."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection instead of answering."""


Delivery = Whole | Drip | Truncated | Reset


def unspoilt(answer: Answer) -> Answer:
    """Leave a good answer alone."""
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to misbehave."""

    name: str  # the result its calls are counted under
    wait: timedelta | None = timedelta()  # before anything is done; None: until told to behave
    instead: Refusal | Answer | None = None  # None: the request is served
    spoil: Callable[[Answer], Answer] = unspoilt  # changes a good answer; errors stay as they are
    delivery: Delivery = Whole()


def refused(name: str, refusal: Refusal) -> Fault:
    """Answer with an error."""
    return Fault(name=name, instead=refusal)


def answered(name: str, *, status: int = 200, content_type: str, body: bytes) -> Fault:
    """Answer with something that is not of this API."""
    answer = Answer(status=status, content_type=content_type, body=body)
    return Fault(name=name, instead=answer)


def latency(span: timedelta) -> Fault:
    """Answer well, but late."""
    return Fault(name="latency", wait=span)


def drip(interval: timedelta, *, head_too: bool = False) -> Fault:
    """Answer well, one byte per interval."""
    name = "drip-in-headers" if head_too else "drip"
    return Fault(name=name, delivery=Drip(interval, head_too))


def redirected(location: str) -> Fault:
    """Point to another address, which must not get to see what was meant for this one."""
    return Fault(name="redirect", instead=Answer(status=302, headers={"Location": location}))


def padded(size: int) -> Fault:
    """Answer well, in a body of at least that many bytes."""

    def pad(answer: Answer) -> Answer:
        return replace(answer, body=answer.body + b" " * max(0, size - len(answer.body)))

    return Fault(name="huge-body", spoil=pad)


THROTTLED = refused("throttled", Refusal("ThrottlingException", "Rate exceeded"))
TOO_MANY_REQUESTS = refused(
    "too-many-requests",
    Refusal("TooManyRequestsException", "Too Many Requests", 429, {"Retry-After": "1"}),
)
ACCESS_DENIED = refused(
    "access-denied",
    Refusal(
        "AccessDeniedException",
        "User: arn:aws:iam::111122223333:user/testbed is not authorized to perform this action on "
        "resource: * because no identity-based policy allows the action",
    ),
)
EXPIRED_TOKEN = refused(
    "expired-token",
    Refusal("ExpiredTokenException", "The security token included in the request is expired"),
)
OPT_IN_REQUIRED = refused(
    "opt-in-required",
    Refusal("OptInRequired", "The AWS Access Key Id needs a subscription for the service", 403),
)
SERVER_ERROR = refused("server-error", Refusal("ServerException", "Internal failure", 500))
UNAVAILABLE = answered(
    "unavailable",
    status=503,
    content_type="text/html",
    body=b"<html><body><h1>503 Service Unavailable</h1></body></html>",
)
EMPTY_BODY = answered("empty-body", content_type="application/x-amz-json-1.1", body=b"")
HTML_BODY = answered(
    "html-body", content_type="text/html", body=b"<html><body>Please log in</body></html>"
)
BROKEN_JSON = answered(
    "broken-json", content_type="application/x-amz-json-1.1", body=b'{"authorizationData": [{'
)
HANG = Fault(name="hang", wait=None)
TRUNCATED = Fault(name="truncated", delivery=Truncated())
RESET = Fault(name="reset", delivery=Reset())
HUGE_BODY = padded(2 * 2**20)

REFUSALS = (
    THROTTLED, TOO_MANY_REQUESTS, ACCESS_DENIED, EXPIRED_TOKEN, OPT_IN_REQUIRED, SERVER_ERROR
)  # fmt: skip
BODIES = (UNAVAILABLE, EMPTY_BODY, HTML_BODY, BROKEN_JSON)
DELIVERIES = (HANG, TRUNCATED, RESET)
