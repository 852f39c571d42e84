"""The fake lets nobody in whom AWS would not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from multidict import CIMultiDict

from testbed.aws.iam import AccessKey, Iam
from testbed.aws.server import FakeAws
from testbed.aws.signature import verify
from testbed.aws.wire import Asked, RefusedError, utc_now
from tests.testbed.aws_clients import REGION, a_client, ask, outcome

_URL = "http://127.0.0.1:1/"
_OPERATION = "ecr:GetAuthorizationToken"
_SECOND = timedelta(seconds=1)
_SKEW = timedelta(minutes=5)


def a_signed_request(key: AccessKey, *, service: str = "ecr", region: str = REGION) -> Asked:
    """Sign a request with botocore, now."""
    request = AWSRequest(method="POST", url=_URL, data=b"{}", headers={"X-Amz-Target": "x"})
    credentials = Credentials(key.access_key_id, key.secret_access_key, key.session_token)
    SigV4Auth(credentials, service, region).add_auth(request)
    return Asked(
        operation=_OPERATION,
        method="POST",
        url=_URL,
        headers=CIMultiDict({**dict(request.headers), "Host": "127.0.0.1:1"}),
        body=b"{}",
        access_key_id=key.access_key_id,
        region=region,
    )


def verdict(asked: Asked, iam: Iam, now: datetime) -> str:
    """Say `ok` or the code of the refusal."""
    try:
        verify(asked, iam, now=now)
    except RefusedError as error:
        return error.refusal.code
    return "ok"


def signed_at(asked: Asked) -> datetime:
    """Read the instant of signing."""
    return datetime.strptime(asked.headers["x-amz-date"], SIGV4_TIMESTAMP).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        pytest.param(timedelta(), "ok", id="right"),
        pytest.param(_SKEW - _SECOND, "ok", id="late-just-inside"),
        pytest.param(_SKEW, "ok", id="late-exactly"),
        pytest.param(_SKEW + _SECOND, "InvalidSignatureException", id="late-just-outside"),
        pytest.param(-_SKEW + _SECOND, "ok", id="early-just-inside"),
        pytest.param(-_SKEW, "ok", id="early-exactly"),
        pytest.param(-_SKEW - _SECOND, "InvalidSignatureException", id="early-just-outside"),
    ],
)
def test_a_clock_may_be_five_minutes_off(off: timedelta, expected: str) -> None:
    """Signatures older or newer than five minutes are refused."""
    iam = Iam()
    asked = a_signed_request(iam.add_access_key())

    assert verdict(asked, iam, signed_at(asked) + off) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"body": b"[]"}, "InvalidSignatureException", id="other-body"),
        pytest.param({"method": "PUT"}, "InvalidSignatureException", id="other-method"),
        pytest.param({"url": f"{_URL}x"}, "InvalidSignatureException", id="other-path"),
        pytest.param(
            {"operation": "sts:AssumeRole"}, "InvalidSignatureException", id="other-service"
        ),
        pytest.param({"headers": {}}, "MissingAuthenticationTokenException", id="unsigned"),
    ],
)
def test_a_request_is_signed_as_a_whole(changes: dict[str, object], expected: str) -> None:
    """A request that is not the one that was signed is refused."""
    iam = Iam()
    asked = a_signed_request(iam.add_access_key())
    now = signed_at(asked)

    changed = replace(asked, **changes)  # type: ignore[arg-type]

    assert (verdict(asked, iam, now), verdict(changed, iam, now)) == ("ok", expected)


@pytest.mark.parametrize("header", ["X-Amz-Target", "Host", "X-Amz-Date"])
def test_a_signed_header_cannot_be_exchanged(header: str) -> None:
    """What is signed includes the operation, the host, and the date."""
    iam = Iam()
    asked = a_signed_request(iam.add_access_key())
    now = signed_at(asked)
    headers = CIMultiDict(asked.headers)

    headers[header] = (now - _SECOND).strftime(SIGV4_TIMESTAMP)

    assert verdict(replace(asked, headers=headers), iam, now) == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        pytest.param("kept", "ok", id="right"),
        pytest.param(None, "UnrecognizedClientException", id="missing"),
        pytest.param("other", "UnrecognizedClientException", id="wrong"),
    ],
)
def test_a_session_needs_its_token(token: str | None, expected: str) -> None:
    """A temporary key without the session token that belongs to it is nobody."""
    iam, now = Iam(), utc_now()
    role = iam.add_role("arn:aws:iam::111122223333:role/pull")
    key = iam.open_session(role, now=now, lifetime=timedelta(hours=1))
    shown = key if token == "kept" else replace(key, session_token=token)

    asked = a_signed_request(shown)

    assert verdict(asked, iam, signed_at(asked)) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(timedelta(minutes=1) - _SECOND, "ok", id="just-before"),
        pytest.param(timedelta(minutes=1), "ExpiredTokenException", id="exactly"),
        pytest.param(timedelta(minutes=1) + _SECOND, "ExpiredTokenException", id="just-after"),
    ],
)
def test_a_session_ends(age: timedelta, expected: str) -> None:
    """A temporary key is refused from its expiry on."""
    iam = Iam()
    opened_at = utc_now().replace(microsecond=0)
    role = iam.add_role("arn:aws:iam::111122223333:role/pull")
    key = iam.open_session(role, now=opened_at, lifetime=timedelta(minutes=1))

    asked = a_signed_request(key)

    assert verdict(asked, iam, opened_at + age) == expected


async def test_a_real_client_learns_what_is_wrong_with_its_key() -> None:
    """ECR and STS name the same mistakes in their own words."""
    async with FakeAws() as aws:
        key, removed = aws.add_access_key(), aws.add_access_key()
        aws.remove_access_key(removed)

        outcomes = [
            await outcome(a_client(aws, "ecr", key)),
            await outcome(a_client(aws, "ecr", key, secret="wrong")),
            await outcome(a_client(aws, "ecr", removed)),
            await outcome(a_client(aws, "ecr", key, region="eu-west-1a")),
            await outcome(a_client(aws, "sts", key), "get_caller_identity"),
            await outcome(a_client(aws, "sts", key, secret="wrong"), "get_caller_identity"),
            await outcome(a_client(aws, "sts", removed), "get_caller_identity"),
        ]

    assert outcomes == [
        "ok",
        "InvalidSignatureException",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "ok",
        "SignatureDoesNotMatch",
        "InvalidClientTokenId",
    ]


@pytest.mark.parametrize(
    ("off", "words"),
    [
        pytest.param(timedelta(minutes=6), "Signature expired: ", id="our-clock-is-slow"),
        pytest.param(timedelta(minutes=-6), "Signature not yet current: ", id="our-clock-is-fast"),
    ],
)
async def test_a_real_client_learns_that_its_clock_is_wrong(off: timedelta, words: str) -> None:
    """The error says so in AWS' words, and the `Date` header says by how much."""
    async with FakeAws(clock=lambda: utc_now() + off) as aws:
        client = a_client(aws, "ecr", aws.add_access_key())
        with pytest.raises(client.exceptions.ClientError, match=words) as raised:
            await ask(client, "get_authorization_token")

    headers = raised.value.response["ResponseMetadata"]["HTTPHeaders"]
    shown = datetime.strptime(headers["date"], "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert abs(shown - utc_now() - off) < timedelta(seconds=30)
