"""The operator's AWS side against the fake, with nothing of the machine's own AWS identity."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from ecr_secrets.aws.ecr import Ecr
from ecr_secrets.aws.timeouts import Timeouts
from ecr_secrets.core.identity import AccessKeys, Identity
from ecr_secrets.errors import OperatorError
from testbed.aws.iam import AccessKey
from testbed.aws.server import FakeAws

IRELAND, VIRGINIA, CHINA = "eu-west-1", "us-east-1", "cn-north-1"
ROLE = "arn:aws:iam::111122223333:role/pull"
# For the tests of what hangs; in the proportions of production.
SHORT = Timeouts(
    connect=timedelta(seconds=1), read=timedelta(seconds=0.5), total=timedelta(seconds=1.5)
)

_E = TypeVar("_E", bound=OperatorError)


def utc_now() -> datetime:
    """Read the clock that the fake goes by as well."""
    return datetime.now(UTC)  # noqa: TID251 - signatures are checked against the real time


@dataclass
class World:
    """The fake AWS, the operator's client of it, and the environment both are in."""

    aws: FakeAws
    ecr: Ecr

    def user(self, account: str = "111122223333") -> Identity:
        """Make a user with an access key."""
        return identity(self.aws.add_access_key(account))

    async def fails(self, who: Identity, kind: type[_E], region: str = IRELAND) -> _E:
        """Ask for a token that is not to be had."""
        with pytest.raises(kind) as raised:
            await self.ecr.fetch(who, region)
        return raised.value


@asynccontextmanager
async def a_world(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
    **environment: str,
) -> AsyncIterator[World]:
    """Build the world.

    Args:
        tmp_path: where AWS' configuration files are looked for.
        environment: variables of the operator's process.
    """
    async with FakeAws() as aws:
        enter(monkeypatch, tmp_path, {**aws.environment(), **environment})
        async with Ecr(clock=utc_now, timeouts=timeouts) as ecr:
            yield World(aws, ecr)


def enter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str]) -> None:
    """Leave no trace of the machine's own AWS identity, region and proxies in the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", *_IDENTITY):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def identity(key: AccessKey, *, role_arn: str | None = None) -> Identity:
    """Be the user, or the session, that a key of the fake belongs to."""
    return Identity(keys=keys_of(key), role_arn=role_arn)


def keys_of(key: AccessKey) -> AccessKeys:
    """Take what a Secret would hold."""
    return AccessKeys(
        access_key_id=key.access_key_id,
        secret_access_key=key.secret_access_key,
        session_token=key.session_token,
    )


def environment_of(key: AccessKey) -> dict[str, str]:
    """Make the variables that give a process this key."""
    variables = {
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
    }
    token = {"AWS_SESSION_TOKEN": key.session_token} if key.session_token else {}
    return variables | token


_IDENTITY = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CA_BUNDLE",
)  # fmt: skip
