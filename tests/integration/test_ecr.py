"""Tokens from ECR: what is taken, what is refused, and that it always ends in time."""

import asyncio
import base64
import threading
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from ecr_secrets import metrics
from ecr_secrets.core.identity import AccessKeys, Identity
from ecr_secrets.core.token import RegistryToken
from ecr_secrets.errors import (
    AccessDeniedError,
    AwsThrottledError,
    AwsUnavailableError,
    InvalidTokenError,
    OperatorError,
)
from testbed.aws import faults, nonsense
from testbed.aws.faults import Fault
from testbed.aws.server import FakeAws
from testbed.aws.tokens import Verdict
from tests.fakes.eventually import eventually
from tests.integration.at_aws import (
    CHINA,
    IRELAND,
    SHORT,
    VIRGINIA,
    World,
    a_world,
    utc_now,
)

TOTAL = SHORT.total.total_seconds()
TICK = timedelta(seconds=0.1)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[World]:
    """The fake AWS and our client of it."""
    async with a_world(monkeypatch, tmp_path) as made:
        yield made


@pytest.fixture
async def hasty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[World]:
    """The same with short time-outs."""
    async with a_world(monkeypatch, tmp_path, SHORT) as made:
        yield made


@pytest.mark.parametrize(
    ("region", "host"),
    [
        pytest.param(IRELAND, "111122223333.dkr.ecr.eu-west-1.amazonaws.com", id="aws"),
        pytest.param(CHINA, "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", id="aws-cn"),
        pytest.param(
            "us-gov-west-1", "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com", id="aws-us-gov"
        ),
        pytest.param(
            "eusc-de-east-1", "111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu", id="aws-eusc"
        ),
    ],
)
async def test_a_token_opens_the_registry(world: World, region: str, host: str) -> None:
    """With nothing but a key, the registry of its account lets us in, in every partition."""
    token = await world.ecr.fetch(world.user(), region)

    user, _, password = base64.b64decode(token.authorization).decode().partition(":")
    assert (token.host, token.region, user) == (host, region, "AWS")
    assert world.aws.verdict(password, token.host) == Verdict.VALID
    assert timedelta(hours=11) < token.expires_at - utc_now() <= timedelta(hours=12)


@pytest.mark.parametrize("length", [1868, 2714, 16 * 1024])
async def test_tokens_may_grow(world: World, length: int) -> None:
    """AWS gives no bound on a token's size, and some identities get longer ones."""
    world.aws.tokens.password_length = length

    token = await world.ecr.fetch(world.user(), IRELAND)

    assert len(base64.b64decode(token.authorization)) >= length


REFUSALS: list[tuple[Fault, type[OperatorError], str]] = [
    (faults.THROTTLED, AwsThrottledError, "ThrottlingException: AWS asks for patience"),
    (
        faults.TOO_MANY_REQUESTS,
        AwsThrottledError,
        "TooManyRequestsException: AWS asks for patience",
    ),
    (
        faults.ACCESS_DENIED,
        AccessDeniedError,
        "AccessDeniedException: allow ecr:GetAuthorizationToken on * for this identity",
    ),
    (faults.EXPIRED_TOKEN, AccessDeniedError, "ExpiredTokenException: the session has expired"),
    (faults.OPT_IN_REQUIRED, AccessDeniedError, "OptInRequired: the region is not enabled"),
    (faults.SERVER_ERROR, AwsUnavailableError, "AWS answered ServerException"),
    (faults.UNAVAILABLE, AwsUnavailableError, "AWS answered HTTP 503"),
    (faults.EMPTY_BODY, InvalidTokenError, "it holds no authorization data"),
    (faults.HTML_BODY, InvalidTokenError, "it holds no authorization data"),
    (faults.BROKEN_JSON, InvalidTokenError, "it holds no authorization data"),
    (faults.TRUNCATED, AwsUnavailableError, "the answer broke off"),
    (faults.RESET, AwsUnavailableError, "Connection reset by peer"),
    (faults.HUGE_BODY, AwsUnavailableError, "the answer is longer than 65536 bytes"),
]


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [pytest.param(*refusal, id=refusal[0].name) for refusal in REFUSALS],
)
async def test_a_failure_says_what_happened_and_what_to_do(
    world: World, fault: Fault, kind: type[OperatorError], message: str
) -> None:
    """Every failure of AWS is one of ours, after one call, and the next call works again."""
    user = world.user()
    world.aws.misbehave(fault, times=1)

    error = await world.fails(user, kind)

    assert message in str(error)
    assert world.aws.count() == 1
    assert await world.ecr.fetch(user, IRELAND)


TAKEN = {
    "endpoint-of-another-account",  # which account a key belongs to, AWS alone knows
    "expiry-in-ten-years",  # cut to 13 hours
}


@pytest.mark.parametrize(
    "fault",
    [pytest.param(fault, id=fault.name) for fault in nonsense.NONSENSE if fault.name not in TAKEN],
)
async def test_nonsense_is_refused(world: World, fault: Fault) -> None:
    """An answer that is no token never becomes one, whatever botocore makes of it."""
    world.aws.misbehave(fault)

    with pytest.raises((InvalidTokenError, AwsUnavailableError)):
        await world.ecr.fetch(world.user(), IRELAND)


async def test_a_life_of_ten_years_is_cut(world: World) -> None:
    """Whoever claims a longer life than ECR gives does not keep us from looking again."""
    world.aws.misbehave(next(f for f in nonsense.EXPIRIES if f.name == "expiry-in-ten-years"))

    token = await world.ecr.fetch(world.user(), IRELAND)

    assert token.expires_at - token.issued_at == timedelta(hours=13)


async def test_json_that_is_too_deep_is_refused(world: World) -> None:
    """Nesting that no parser follows is an error like others."""
    deep = faults.answered("deep", content_type="application/json", body=b"[" * 60_000)
    world.aws.misbehave(deep)

    await world.fails(world.user(), AwsUnavailableError)


async def test_a_redirect_is_not_followed(world: World) -> None:
    """What is signed for AWS is shown to nobody else."""
    async with FakeAws() as stranger:
        world.aws.misbehave(faults.redirected(stranger.endpoint_url))
        error = await world.fails(world.user(), AwsUnavailableError)

        assert "HTTP 302" in str(error)
        assert stranger.count() == 0


async def test_aws_may_be_away(world: World) -> None:
    """A connection that is refused is an error at once; when AWS is back, so is the token."""
    user = world.user()
    world.aws.down = True
    await world.fails(user, AwsUnavailableError)

    world.aws.down = False

    assert await world.ecr.fetch(user, IRELAND)


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        pytest.param(faults.HANG, SHORT.read.total_seconds(), id="hang"),
        pytest.param(faults.drip(TICK), TOTAL, id="drip"),
        pytest.param(faults.drip(TICK, head_too=True), TOTAL, id="drip-in-headers"),
    ],
)
async def test_a_slow_answer_ends_on_time(hasty: World, fault: Fault, seconds: float) -> None:
    """Silence ends after the read time-out, a drip at the deadline; the thread with it."""
    hasty.aws.misbehave(fault)
    begun = time.monotonic()

    await hasty.fails(hasty.user(), AwsUnavailableError)

    assert seconds * 0.9 < time.monotonic() - begun < seconds + 1


async def test_a_hanging_key_delays_no_other(world: World) -> None:
    """While thirty keys hang, another one gets its token as if they were not there."""
    hanging = [world.user() for _ in range(30)]
    for who in hanging:
        assert who.keys is not None
        world.aws.misbehave(faults.drip(TICK), access_key_id=who.keys.access_key_id)
    stuck = [asyncio.create_task(world.ecr.fetch(who, IRELAND)) for who in hanging]
    await eventually(lambda: world.aws.count(result="drip") == 30)

    await world.ecr.fetch(world.user(), IRELAND)

    assert not any(task.done() for task in stuck)
    await abandoned(stuck)


async def test_a_hanging_region_delays_no_other(world: World) -> None:
    """While Virginia hangs, Ireland's token comes, for the same key."""
    user = world.user()
    world.aws.misbehave(faults.HANG, region=VIRGINIA)
    stuck = asyncio.create_task(world.ecr.fetch(user, VIRGINIA))
    await eventually(lambda: world.aws.count(region=VIRGINIA) == 1)

    token = await world.ecr.fetch(user, IRELAND)

    assert token.region == IRELAND
    assert not stuck.done()
    await abandoned([stuck])


async def abandoned(tasks: Sequence[asyncio.Task[RegistryToken]]) -> None:
    """Leave calls that hang to the end of the world."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_the_end_leaves_no_thread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stopping in the middle of a call that hangs takes its thread along."""
    async with a_world(monkeypatch, tmp_path, SHORT) as world:
        world.aws.misbehave(faults.drip(TICK))
        stuck = asyncio.create_task(world.ecr.fetch(world.user(), IRELAND))
        await eventually(lambda: world.aws.count() == 1)
    begun = time.monotonic()

    await eventually(lambda: not any(t.name.startswith("aws_") for t in threading.enumerate()))

    assert time.monotonic() - begun < TOTAL / 2
    await asyncio.wait([stuck])
    assert isinstance(stuck.exception(), AwsUnavailableError)


@pytest.mark.parametrize(
    ("minutes", "message"),
    [
        pytest.param(17, "our clock is 17 min behind AWS'; set the clock", id="behind"),
        pytest.param(-17, "our clock is 17 min ahead of AWS'; set the clock", id="ahead"),
        pytest.param(0, "the secret access key does not belong to the access key id", id="right"),
    ],
)
async def test_a_wrong_clock_is_named(world: World, minutes: int, message: str) -> None:
    """A signature refused for its date is not blamed on the key."""
    key = world.aws.add_access_key()
    other = world.aws.add_access_key()
    mixed_up = Identity(
        keys=AccessKeys(access_key_id=key.access_key_id, secret_access_key=other.secret_access_key)
    )
    world.aws.clock = lambda: utc_now() + timedelta(minutes=minutes)

    error = await world.fails(mixed_up, AccessDeniedError)

    assert message in str(error)


async def test_a_key_that_was_deleted_is_named_as_that(world: World) -> None:
    """The message says what to replace, and does not hold the key."""
    user = world.user()
    assert user.keys is not None
    world.aws.remove_access_key(user.keys.access_key_id)

    error = await world.fails(user, AccessDeniedError)

    assert "UnrecognizedClientException: AWS does not know this access key" in str(error)
    assert user.keys.access_key_id not in str(error)


async def test_calls_are_counted_by_their_result(world: World) -> None:
    """The metrics tell how often AWS was asked, with which result."""
    user = world.user()
    good, throttled = counted("success"), counted("AwsThrottled")
    world.aws.misbehave(faults.THROTTLED, times=1)
    await world.fails(user, AwsThrottledError)
    await world.ecr.fetch(user, IRELAND)

    assert (counted("success"), counted("AwsThrottled")) == (good + 1, throttled + 1)


def counted(result: str) -> float:
    """Read the counter of calls."""
    labels = {"operation": "GetAuthorizationToken", "result": result}
    return metrics.REGISTRY.get_sample_value("ecr_secrets_aws_requests_total", labels) or 0.0
