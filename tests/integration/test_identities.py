"""Who the operator is to AWS by itself."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from ecr_secrets.aws.timeouts import Timeouts
from ecr_secrets.core.identity import Identity
from ecr_secrets.errors import AccessDeniedError, AwsUnavailableError, NoAwsIdentityError
from testbed.aws import faults
from testbed.aws.iam import AccessKey
from tests.integration.at_aws import IRELAND, ROLE, SHORT, VIRGINIA, a_world, environment_of
from tests.integration.identities import ASSUMED, OURSELVES, TOKENS, a_session


def write_profile(folder: Path, key: AccessKey, name: str = "default") -> None:
    """Write the credentials file that `aws configure` writes."""
    lines = [f"{name.lower()} = {value}" for name, value in environment_of(key).items()]
    (folder / "credentials").write_text("\n".join([f"[{name}]", *lines, ""]))


async def test_the_environment_is_an_identity(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Keys in the operator's environment are its own identity, session token included."""
    async with a_world(monkeypatch, tmp_path) as world:
        for name, value in environment_of(a_session(world)).items():
            monkeypatch.setenv(name, value)

        await world.ecr.fetch(OURSELVES, IRELAND)

        assert world.aws.count(operation=TOKENS, principal=ROLE, result="ok") == 1


async def test_a_web_identity_is_an_identity(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """IRSA: the ServiceAccount's token is exchanged for its role, in the region asked for."""
    async with a_world(monkeypatch, tmp_path) as world:
        world.aws.add_role(ROLE)
        (tmp_path / "token").write_text(world.aws.iam.add_web_identity(ROLE))
        monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))

        for region in (IRELAND, VIRGINIA):
            await world.ecr.fetch(OURSELVES, region)

        assert world.aws.count(operation="sts:AssumeRoleWithWebIdentity", result="ok") == 1
        assert world.aws.count(operation=TOKENS, principal=ROLE, result="ok") == 2


@pytest.mark.parametrize(
    ("token", "kind", "message"),
    [
        pytest.param(
            "not-a-token",
            AccessDeniedError,
            "InvalidIdentityToken: AWS does not accept the web identity token",
            id="unknown",
        ),
        pytest.param(None, NoAwsIdentityError, "No such file or directory", id="missing"),
    ],
)
async def test_a_web_identity_that_fails_says_so_and_heals(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    token: str | None,
    kind: type[AccessDeniedError | NoAwsIdentityError],
    message: str,
) -> None:
    """A token that AWS does not trust, or that is not there, is named; a good one is read anew."""
    async with a_world(monkeypatch, tmp_path) as world:
        world.aws.add_role(ROLE)
        file = tmp_path / "token"
        if token is not None:
            file.write_text(token)
        monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))

        error = await world.fails(OURSELVES, kind)
        assert message in str(error)

        file.write_text(world.aws.iam.add_web_identity(ROLE))
        await world.ecr.fetch(OURSELVES, IRELAND)


async def test_a_web_identity_is_asked_for_within_our_time_outs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An STS that drips is left at the deadline, also where botocore itself asks."""
    async with a_world(monkeypatch, tmp_path, SHORT) as world:
        world.aws.add_role(ROLE)
        (tmp_path / "token").write_text(world.aws.iam.add_web_identity(ROLE))
        monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        drip = faults.drip(timedelta(seconds=0.1), head_too=True)
        world.aws.misbehave(drip, operation="AssumeRoleWithWebIdentity")
        begun = time.monotonic()

        await world.fails(OURSELVES, AwsUnavailableError)

        assert time.monotonic() - begun < SHORT.total.total_seconds() + 1
        assert world.aws.count() == 1


async def test_a_pod_identity_is_an_identity(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """EKS Pod Identity: the agent on the node gives the keys for the ServiceAccount's token."""
    async with a_world(monkeypatch, tmp_path) as world:
        world.aws.add_role(ROLE)
        (tmp_path / "token").write_text(world.aws.iam.add_pod(ROLE))
        for name, value in world.aws.pod_environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))

        await world.ecr.fetch(OURSELVES, IRELAND)

        assert world.aws.count(operation=TOKENS, principal=ROLE, result="ok") == 1


@pytest.mark.parametrize("profile", ["default", "pull"])
async def test_a_profile_is_an_identity(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str
) -> None:
    """The files of the AWS command line are read, as is the profile that AWS_PROFILE names."""
    monkeypatch.setenv("AWS_PROFILE", profile)
    async with a_world(monkeypatch, tmp_path, AWS_PROFILE=profile) as world:
        key = world.aws.add_access_key()
        write_profile(tmp_path, key, profile)

        await world.ecr.fetch(OURSELVES, IRELAND)

        assert world.aws.count(operation=TOKENS, principal=key.access_key_id) == 1


async def test_a_profile_may_assume_a_role(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile that names a role is followed, with the STS of the region that is asked for."""
    (tmp_path / "config").write_text(f"[default]\nrole_arn = {ROLE}\nsource_profile = user\n")
    async with a_world(monkeypatch, tmp_path) as world:
        key = world.aws.add_access_key()
        world.aws.add_role(ROLE, trusts=[key.access_key_id])
        write_profile(tmp_path, key, "user")

        await world.ecr.fetch(OURSELVES, IRELAND)

        assert world.aws.count(operation=ASSUMED, region=IRELAND, result="ok") == 1
        assert world.aws.count(operation=TOKENS, principal=ROLE, result="ok") == 1


async def test_the_instance_is_an_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On an EC2 instance with a role, the metadata service gives the keys."""
    async with a_world(monkeypatch, tmp_path, AWS_EC2_METADATA_DISABLED="false") as world:
        for name, value in world.aws.instance_environment().items():
            monkeypatch.setenv(name, value)
        world.aws.add_role(ROLE)
        world.aws.node.role_arn = ROLE

        await world.ecr.fetch(OURSELVES, IRELAND)

        assert world.aws.count(operation=TOKENS, principal=ROLE, result="ok") == 1


async def test_a_role_is_assumed_with_our_own_identity(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without keys, `roleArn` is assumed by whoever the operator is."""
    async with a_world(monkeypatch, tmp_path) as world:
        key = world.aws.add_access_key()
        world.aws.add_role(ROLE, trusts=[key.access_key_id])
        for name, value in environment_of(key).items():
            monkeypatch.setenv(name, value)

        await world.ecr.fetch(Identity(role_arn=ROLE), IRELAND)

        assert world.aws.count(operation=TOKENS, principal=ROLE, result="ok") == 1


async def test_no_identity_is_said_to_be_none_until_there_is_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message says what to give the operator; when it is given, no restart is needed."""
    async with a_world(monkeypatch, tmp_path) as world:
        error = await world.fails(OURSELVES, NoAwsIdentityError)
        assert "spec.awsAccess is absent" in str(error)
        assert world.aws.count() == 0

        write_profile(tmp_path, world.aws.add_access_key())

        await world.ecr.fetch(OURSELVES, IRELAND)


async def test_a_profile_that_is_refused_is_read_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Keys that were rotated in a mounted file are found without a restart."""
    async with a_world(monkeypatch, tmp_path) as world:
        old = world.aws.add_access_key()
        write_profile(tmp_path, old)
        await world.ecr.fetch(OURSELVES, IRELAND)
        world.aws.remove_access_key(old)
        write_profile(tmp_path, world.aws.add_access_key())
        await world.fails(OURSELVES, AccessDeniedError)

        await world.ecr.fetch(OURSELVES, IRELAND)


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"AWS_PROFILE": "missing"}, id="profile-that-does-not-exist"),
        pytest.param({"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"}, id="half-a-key"),
    ],
)
async def test_a_broken_environment_is_no_identity(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str]
) -> None:
    """What botocore cannot make sense of is an error of the operator's own identity."""
    async with a_world(monkeypatch, tmp_path, Timeouts(), **environment) as world:
        await world.fails(OURSELVES, NoAwsIdentityError)
