"""Nothing secret leaves in a log, an exception or a metric, whatever goes wrong at AWS."""

import base64
import logging
import traceback
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from ecr_secrets import metrics
from ecr_secrets.aws.log_levels import cap_loggers
from ecr_secrets.aws.timeouts import Timeouts
from ecr_secrets.core.identity import Identity
from ecr_secrets.errors import AccessDeniedError, OperatorError
from testbed.aws import faults, nonsense
from testbed.aws.faults import Fault
from testbed.aws.iam import AccessKey
from testbed.aws.wire import Refusal
from tests.integration.at_aws import IRELAND, ROLE, World, a_world, environment_of, keys_of

# As AWS does it: a signature that does not match is explained with all that was signed. Here, with
# the key itself; the words are put in when the key is known.
TELLTALE = faults.refused("telltale", Refusal("InvalidSignatureException", ""))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(None, id="all-well"),
        *(
            pytest.param(fault, id=fault.name)
            for fault in (
                TELLTALE,
                faults.ACCESS_DENIED,
                faults.THROTTLED,
                faults.UNAVAILABLE,
                faults.TRUNCATED,
                faults.HUGE_BODY,
                *(f for f in nonsense.NONSENSE if f.name in {"other-user", "expiry-a-word"}),
            )
        ),
    ],
)
@pytest.mark.parametrize("ambient", [False, True], ids=["keys", "own-identity"])
async def test_nothing_secret_is_said_at_debug(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    fault: Fault | None,
    ambient: bool,
) -> None:
    """With everything at DEBUG, no log, error or metric holds a key, a token or its base64."""
    caplog.set_level(logging.DEBUG)
    for name in ("botocore", "botocore.parsers", "botocore.auth", "urllib3", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    said: list[str] = []
    async with a_world(monkeypatch, tmp_path) as world:
        key = world.aws.add_access_key()
        who = _identity(monkeypatch, world, key, ambient=ambient)
        if fault is not None:
            world.aws.misbehave(_telling(fault, key))
        for region in (IRELAND, "us-east-1"):
            try:
                said.append(repr(await world.ecr.fetch(who, region)))
            except OperatorError as error:
                said.append("".join(traceback.format_exception(error)))
        secrets = _secrets(world)

    said += [f"{record.getMessage()} {record.exc_text} {vars(record)}" for record in caplog.records]
    said += [generate_latest(metrics.REGISTRY).decode(), repr(who)]
    assert len(secrets) > 4
    assert [secret[:4] for secret in secrets if any(secret in text for text in said)] == []


async def test_what_botocore_says_about_an_identity_is_not_heard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its warnings repeat AWS' own words, which may hold what was sent; our error does not."""
    caplog.set_level(logging.DEBUG)
    canary = "canary-in-the-words-of-AWS"
    refused = faults.refused("words", Refusal("InvalidIdentityToken", canary))
    (tmp_path / "token").write_text("a-web-identity-token")
    variables = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")}
    async with a_world(monkeypatch, tmp_path, Timeouts(), **variables) as world:
        world.aws.misbehave(refused, operation="AssumeRoleWithWebIdentity")
        error = await world.fails(Identity(), AccessDeniedError)

    assert world.aws.count(result="words") == 1
    assert canary not in caplog.text
    assert canary not in "".join(traceback.format_exception(error))


def _identity(
    monkeypatch: pytest.MonkeyPatch, world: World, key: AccessKey, *, ambient: bool
) -> Identity:
    world.aws.add_role(ROLE, external_id="external-id-canary")
    if ambient:
        for name, value in environment_of(key).items():
            monkeypatch.setenv(name, value)
    keys = None if ambient else keys_of(key)
    return Identity(keys=keys, role_arn=ROLE, external_id="external-id-canary")


def _telling(fault: Fault, key: AccessKey) -> Fault:
    if fault is not TELLTALE:
        return fault
    return faults.refused("telltale", Refusal("InvalidSignatureException", repr(_values(key))))


def _values(key: AccessKey) -> set[str]:
    values = {key.access_key_id, key.secret_access_key, key.session_token or ""}
    return values - {""}


def _secrets(world: World) -> set[str]:
    """List all that was secret in a world: keys, sessions, passwords, and their base64."""
    plain = {"external-id-canary"}
    for key in world.aws.iam.keys.values():
        plain |= _values(key)
    for token in world.aws.tokens._issued.values():  # noqa: SLF001 - what the fake gave out
        plain |= {token.password, token.authorization_token}
    return plain | {base64.b64encode(text.encode()).decode() for text in plain}


async def test_the_cap_is_what_keeps_botocore_quiet(caplog: pytest.LogCaptureFixture) -> None:
    """A level that somebody sets below INFO, also on a logger further down, is raised again."""
    names = ("botocore", "botocore.parsers", "urllib3.connectionpool", "aiohttp.client")
    for name in names:
        caplog.set_level(logging.DEBUG, logger=name)

    cap_loggers()

    assert not any(logging.getLogger(name).isEnabledFor(logging.DEBUG) for name in names)
    assert logging.getLogger("botocore").isEnabledFor(logging.INFO)


async def test_a_quieter_level_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    """Who wants to hear less of botocore is not made to hear more."""
    caplog.set_level(logging.ERROR, logger="botocore")

    cap_loggers()

    assert not logging.getLogger("botocore").isEnabledFor(logging.WARNING)
