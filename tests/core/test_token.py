"""What an answer of ECR must look like to be taken for a registry token."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.token import RegistryToken, parse_token
from ecr_secrets.errors import InvalidTokenError

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
PASSWORD = "a-password-that-must-not-be-repeated"


def encoded(text: str) -> str:
    """Encode as ECR does."""
    return base64.b64encode(text.encode()).decode()


GOOD: dict[str, Any] = {
    "authorizationToken": encoded(f"AWS:{PASSWORD}"),
    "expiresAt": NOON + 12 * HOUR,
    "proxyEndpoint": f"https://{HOST}",
}


def an_answer(**fields: object) -> dict[str, Any]:
    """Build a good answer of GetAuthorizationToken, but for some fields; None leaves one out."""
    entry = {name: value for name, value in {**GOOD, **fields}.items() if value is not None}
    return {"authorizationData": [entry], "ResponseMetadata": {"HTTPStatusCode": 200}}


def parse(answer: dict[str, Any], region: str = "eu-west-1") -> RegistryToken:
    """Parse at noon."""
    return parse_token(answer, region=region, now=NOON)


def a_token(*, issued_at: datetime = NOON, life: timedelta = 12 * HOUR) -> RegistryToken:
    """Build the token that the good answer means."""
    return RegistryToken(
        host=HOST,
        region="eu-west-1",
        authorization=encoded(f"AWS:{PASSWORD}"),
        issued_at=issued_at,
        expires_at=issued_at + life,
    )


def test_a_good_answer_is_a_token() -> None:
    """Host without scheme, the authorization as ECR gave it, and both ends of its life."""
    assert parse(an_answer()) == a_token()


@pytest.mark.parametrize(
    ("expires_at", "expected"),
    [
        pytest.param(NOON + SECOND, NOON + SECOND, id="just-ahead"),
        pytest.param(NOON + 13 * HOUR - SECOND, NOON + 13 * HOUR - SECOND, id="just-inside-13-h"),
        pytest.param(NOON + 13 * HOUR, NOON + 13 * HOUR, id="exactly-13-h"),
        pytest.param(NOON + 13 * HOUR + SECOND, NOON + 13 * HOUR, id="just-beyond-13-h"),
        pytest.param(NOON.replace(year=2036), NOON + 13 * HOUR, id="in-ten-years"),
        pytest.param((NOON + HOUR).timestamp(), NOON + HOUR, id="seconds-since-1970"),
        pytest.param(
            (NOON + HOUR).astimezone(tz=datetime.fromisoformat("2026-01-01T00+05:30").tzinfo),
            NOON + HOUR,
            id="another-time-zone",
        ),
    ],
)
def test_a_life_is_taken_up_to_13_hours(expires_at: object, expected: datetime) -> None:
    """ECR's tokens live for 12 hours; whoever claims more does not keep us from looking again."""
    assert parse(an_answer(expiresAt=expires_at)).expires_at == expected


@pytest.mark.parametrize(
    ("size", "accepted"),
    [
        pytest.param(16 * 1024, True, id="16-KiB"),
        pytest.param(48 * 1024, True, id="exactly-at-the-bound"),
        pytest.param(48 * 1024 + 4, False, id="just-beyond-the-bound"),
    ],
)
def test_long_tokens_are_taken_within_reason(size: int, accepted: bool) -> None:
    """Tokens have grown before, and differ by identity; only the absurd is refused."""
    authorization = encoded("AWS:" + "x" * (size // 4 * 3 - 4))

    if not accepted:
        with pytest.raises(InvalidTokenError, match="too long"):
            parse(an_answer(authorizationToken=authorization))
        return
    assert parse(an_answer(authorizationToken=authorization)).authorization == authorization


NO_INSTANT = "its expiry is missing or not an instant"
NO_ECR = "the registry's address is not one of ECR"
NO_PASSWORD = "the password holds characters that no password has"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param({}, "it holds no authorization data", id="nothing"),
        pytest.param({"authorizationData": []}, "it holds no authorization data", id="no-entry"),
        pytest.param({"authorizationData": None}, "it holds no authorization data", id="null"),
        pytest.param(
            {"authorizationData": GOOD}, "it holds no authorization data", id="not-a-list"
        ),
        pytest.param(
            {"authorizationData": [GOOD, GOOD]}, "it holds 2 entries instead of one", id="two"
        ),
        pytest.param({"authorizationData": [None]}, "its entry is not an object", id="null-entry"),
        pytest.param(an_answer(authorizationToken=None), "it holds no token", id="no-token"),
        pytest.param(an_answer(authorizationToken=""), "it holds no token", id="empty-token"),
        pytest.param(an_answer(authorizationToken=7), "it holds no token", id="token-a-number"),
        pytest.param(
            an_answer(authorizationToken="%%%%"), "the token is not base64 of text", id="not-base64"
        ),
        pytest.param(
            an_answer(authorizationToken=GOOD["authorizationToken"] + "\n"),
            "the token is not base64 of text",
            id="newline-behind-base64",
        ),
        pytest.param(
            an_answer(authorizationToken="QVdTOv/+/w=="),
            "the token is not base64 of text",
            id="not-utf-8",
        ),
        pytest.param(
            an_answer(authorizationToken=encoded("AWS")),
            "the token is not for the user AWS",
            id="no-colon",
        ),
        pytest.param(
            an_answer(authorizationToken=encoded(f"aws:{PASSWORD}")),
            "the token is not for the user AWS",
            id="another-user",
        ),
        pytest.param(
            an_answer(authorizationToken=encoded("AWS:")), "the password is empty", id="no-password"
        ),
        pytest.param(
            an_answer(authorizationToken=encoded(f"AWS:{PASSWORD}\n")), NO_PASSWORD, id="newline"
        ),
        pytest.param(
            an_answer(authorizationToken=encoded(f"AWS:\0{PASSWORD}")), NO_PASSWORD, id="nul"
        ),
        pytest.param(
            an_answer(authorizationToken=encoded(f"AWS:{PASSWORD} ")), NO_PASSWORD, id="blank"
        ),
        pytest.param(
            an_answer(authorizationToken=encoded(f"AWS:{PASSWORD}é")), NO_PASSWORD, id="not-ascii"
        ),
        pytest.param(an_answer(expiresAt=None), NO_INSTANT, id="no-expiry"),
        pytest.param(an_answer(expiresAt="tomorrow"), NO_INSTANT, id="expiry-a-word"),
        pytest.param(an_answer(expiresAt=True), NO_INSTANT, id="expiry-a-bool"),
        pytest.param(an_answer(expiresAt=float("nan")), NO_INSTANT, id="expiry-nan"),
        pytest.param(an_answer(expiresAt=float("inf")), NO_INSTANT, id="expiry-infinite"),
        pytest.param(an_answer(expiresAt=NOON.timestamp() * 1000), NO_INSTANT, id="milliseconds"),
        pytest.param(an_answer(expiresAt=NOON.replace(tzinfo=None)), NO_INSTANT, id="no-time-zone"),
        pytest.param(
            an_answer(expiresAt=NOON),
            "it expired at 2026-11-24T12:00:00+00:00; is our clock right?",
            id="expires-now",
        ),
        pytest.param(
            an_answer(expiresAt=NOON - SECOND),
            "it expired at 2026-11-24T11:59:59+00:00; is our clock right?",
            id="just-expired",
        ),
        pytest.param(an_answer(proxyEndpoint=None), "it names no registry", id="no-endpoint"),
        pytest.param(an_answer(proxyEndpoint=""), NO_ECR, id="endpoint-empty"),
        pytest.param(an_answer(proxyEndpoint=HOST), NO_ECR, id="no-scheme"),
        pytest.param(an_answer(proxyEndpoint=f"http://{HOST}"), NO_ECR, id="plain-http"),
        pytest.param(an_answer(proxyEndpoint=f"https://{HOST}:443"), NO_ECR, id="port"),
        pytest.param(an_answer(proxyEndpoint=f"https://{HOST}/"), NO_ECR, id="path"),
        pytest.param(an_answer(proxyEndpoint=f"https://{HOST}?x"), NO_ECR, id="query"),
        pytest.param(an_answer(proxyEndpoint=f"https://AWS@{HOST}"), NO_ECR, id="user"),
        pytest.param(an_answer(proxyEndpoint="https://ecr.example.com"), NO_ECR, id="elsewhere"),
        pytest.param(an_answer(proxyEndpoint=f"https://{HOST}.cn"), NO_ECR, id="partition"),
        pytest.param(
            an_answer(proxyEndpoint="https://[::1"),
            "the registry's address is not a URL",
            id="bracket",
        ),
        pytest.param(
            an_answer(proxyEndpoint="https://111122223333.dkr.ecr.us-east-1.amazonaws.com"),
            "the registry is in us-east-1, not in eu-west-1",
            id="another-region",
        ),
    ],
)
def test_an_answer_is_taken_whole_or_not_at_all(answer: dict[str, Any], problem: str) -> None:
    """A secret that works is never replaced by one made from an answer that makes no sense.

    What is wrong is said; what the answer held is not.
    """
    with pytest.raises(InvalidTokenError) as raised:
        parse(answer)

    assert str(raised.value) == f"the answer of ECR is not a registry token: {problem}"


instants = st.datetimes(timezones=st.none() | st.just(timezone(9 * HOUR)))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | instants,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(st.just("authorizationData"), anything)
    | st.builds(
        lambda fields: an_answer(**fields), st.dictionaries(st.sampled_from(sorted(GOOD)), anything)
    )
)
def test_no_nonsense_has_another_effect_than_being_refused(answer: dict[str, Any]) -> None:
    """Whatever ECR answers, it is a token or an error with a reason; never a crash."""
    try:
        token = parse(answer)
    except InvalidTokenError:
        return
    assert NOON < token.expires_at <= NOON + 13 * HOUR


def test_a_token_is_stale_from_half_of_its_life() -> None:
    """Half of the life is left when AWS is asked again, and up to 5 % less by jitter."""
    jitters = [a_token(issued_at=NOON + n * HOUR).stale_at - (NOON + n * HOUR) for n in range(200)]

    assert min(jitters) >= 6 * HOUR
    assert max(jitters) <= 6.6 * HOUR
    assert max(jitters) - min(jitters) > timedelta(minutes=30)  # spread out, not bunched


def test_everybody_finds_the_same_instant() -> None:
    """A restart and another replica come to the same end of freshness as we do."""
    assert a_token().stale_at == a_token().stale_at
    assert a_token().stale_at == datetime(2026, 11, 24, 18, 30, 2, 458504, tzinfo=UTC)


def test_a_token_does_not_show_its_password() -> None:
    """Whoever prints a token, by mistake or not, prints no secret."""
    shown = repr(parse(an_answer()))

    assert PASSWORD not in shown
    assert GOOD["authorizationToken"] not in shown
