"""Who we can be to AWS, and what happens when we cannot."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from ecr_secrets.aws.timeouts import Timeouts
from ecr_secrets.core.identity import Identity
from ecr_secrets.errors import (
    AccessDeniedError,
    AwsUnavailableError,
    InvalidSpecError,
    NoAwsIdentityError,
)
from testbed.aws import faults
from testbed.aws.iam import AccessKey
from tests.fakes.eventually import eventually
from tests.integration.at_aws import (
    IRELAND,
    ROLE,
    SHORT,
    VIRGINIA,
    World,
    a_world,
    environment_of,
    identity,
    keys_of,
    utc_now,
)

OURSELVES = Identity()
HOUR = timedelta(hours=1)
ASSUMED = "sts:AssumeRole"
TOKENS = "ecr:GetAuthorizationToken"


def a_session(world: World, arn: str = ROLE) -> AccessKey:
    """Make the temporary keys of a role."""
    return world.aws.iam.open_session(world.aws.add_role(arn), now=utc_now(), lifetime=HOUR)


def write_profile(folder: Path, key: AccessKey, name: str = "default") -> None:
    """Write the credentials file that `aws configure` writes."""
    lines = [f"{name.lower()} = {value}" for name, value in environment_of(key).items()]
    (folder / "credentials").write_text("\n".join([f"[{name}]", *lines, ""]))


# With a key.


async def test_a_session_token_belongs_to_its_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Temporary keys work with their session token, and are refused without it."""
    async with a_world(monkeypatch, tmp_path) as world:
        key = a_session(world)

        await world.ecr.fetch(identity(key), IRELAND)

        assert world.aws.count(operation=TOKENS, principal=ROLE, result="ok") == 1


async def test_a_role_is_assumed_with_its_external_id(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The token is the role's, whose trust policy asks for an external id."""
    async with a_world(monkeypatch, tmp_path) as world:
        key = world.aws.add_access_key("444455556666")
        world.aws.add_role(ROLE, external_id="e1", trusts=["444455556666"])
        who = Identity(keys=keys_of(key), role_arn=ROLE, external_id="e1")

        token = await world.ecr.fetch(who, IRELAND)

        assert token.host.startswith("111122223333.")  # the role's account, not the key's
        assert world.aws.count(operation=ASSUMED, region=IRELAND, result="ok") == 1
        assert world.aws.count(operation=TOKENS, principal=ROLE, result="ok") == 1


@pytest.mark.parametrize("external_id", [None, "another"], ids=["none", "another"])
async def test_a_wrong_external_id_is_refused_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, external_id: str | None
) -> None:
    """The message names the trust policy and the external id, since AWS' does not."""
    async with a_world(monkeypatch, tmp_path) as world:
        world.aws.add_role(ROLE, external_id="e1")
        keys = keys_of(world.aws.add_access_key())

        error = await world.fails(
            Identity(keys=keys, role_arn=ROLE, external_id=external_id), AccessDeniedError
        )

        assert "AssumeRole in eu-west-1: AccessDenied: allow sts:AssumeRole" in str(error)
        assert "external id" in str(error)


async def test_one_session_of_a_role_serves_all_regions_until_it_is_dropped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A role is assumed once an hour, and anew after its identity was out of use."""
    async with a_world(monkeypatch, tmp_path) as world:
        world.aws.add_role(ROLE)
        who = identity(world.aws.add_access_key(), role_arn=ROLE)
        for region in (IRELAND, VIRGINIA, IRELAND):
            await world.ecr.fetch(who, region)
        assert world.aws.count(operation=ASSUMED) == 1

        world.ecr.retain({who})
        await world.ecr.fetch(who, IRELAND)
        assert world.aws.count(operation=ASSUMED) == 1

        world.ecr.retain(set())
        await world.ecr.fetch(who, IRELAND)
        assert world.aws.count(operation=ASSUMED) == 2


@pytest.mark.parametrize(
    ("minutes", "sessions"),
    [
        pytest.param(4, 2, id="ends-within-the-spare-time"),
        pytest.param(6, 1, id="ends-after-it"),
    ],
)
async def test_a_session_is_replaced_before_it_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, minutes: int, sessions: int
) -> None:
    """Keys that are about to end sign nothing any more."""
    async with a_world(monkeypatch, tmp_path) as world:
        world.aws.iam.session_lifetime = timedelta(minutes=minutes)
        world.aws.add_role(ROLE)
        who = identity(world.aws.add_access_key(), role_arn=ROLE)

        for _ in range(2):
            await world.ecr.fetch(who, IRELAND)

        assert world.aws.count(operation=ASSUMED) == sessions


async def test_a_session_that_is_refused_is_replaced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When AWS revokes a role's sessions, the next try is made with a new one."""
    async with a_world(monkeypatch, tmp_path) as world:
        world.aws.add_role(ROLE)
        who = identity(world.aws.add_access_key(), role_arn=ROLE)
        await world.ecr.fetch(who, IRELAND)
        for key in [key for key in world.aws.iam.keys.values() if key.role_arn == ROLE]:
            world.aws.remove_access_key(key)
        await world.fails(who, AccessDeniedError)

        await world.ecr.fetch(who, IRELAND)

        assert world.aws.count(operation=ASSUMED) == 2


async def test_a_role_that_cannot_be_one_is_an_invalid_field(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What botocore refuses to send is reported on the field it came from."""
    async with a_world(monkeypatch, tmp_path) as world:
        who = identity(world.aws.add_access_key(), role_arn="pull")

        error = await world.fails(who, InvalidSpecError)

        assert error.path == "spec.awsAccess"


# With the operator's own identity.


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


async def test_a_broken_environment_leaves_keys_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Credentials that bring their own key need nothing of the operator's environment."""
    async with a_world(monkeypatch, tmp_path, AWS_PROFILE="missing") as world:
        assert await world.ecr.fetch(world.user(), IRELAND)


async def test_our_own_identity_that_hangs_delays_no_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A metadata service that does not answer is waited for by those alone who need it."""
    async with a_world(monkeypatch, tmp_path, SHORT, AWS_EC2_METADATA_DISABLED="false") as world:
        for name, value in world.aws.instance_environment().items():
            monkeypatch.setenv(name, value)
        world.aws.misbehave(faults.HANG, operation="imds:PutToken")
        stuck = asyncio.create_task(world.ecr.fetch(OURSELVES, IRELAND))
        await eventually(lambda: world.aws.count(operation="imds:PutToken") == 1)

        await world.ecr.fetch(world.user(), IRELAND)

        assert not stuck.done()
        await asyncio.wait([stuck])
        assert isinstance(stuck.exception(), NoAwsIdentityError)


async def test_a_credential_process_that_hangs_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What botocore waits for without any time-out keeps its thread, but neither us nor a key."""
    (tmp_path / "config").write_text("[default]\ncredential_process = sleep 6\n")
    async with a_world(monkeypatch, tmp_path, SHORT) as world:
        begun = time.monotonic()
        stuck = [
            asyncio.create_task(world.ecr.fetch(OURSELVES, region))
            for region in (IRELAND, VIRGINIA)
        ]

        await world.ecr.fetch(world.user(), IRELAND)
        assert not any(task.done() for task in stuck)
        await asyncio.wait(stuck)

        assert time.monotonic() - begun < 6
        assert {str(task.exception()) for task in stuck} == {
            "no answer from AWS within 1.5 s",
            "the operator's own AWS identity is not found in time",
        }


# Where we are.


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        pytest.param({"AWS_REGION": IRELAND}, IRELAND, id="AWS_REGION"),
        pytest.param({"AWS_DEFAULT_REGION": IRELAND}, IRELAND, id="AWS_DEFAULT_REGION"),
        pytest.param({"AWS_REGION": IRELAND, "AWS_DEFAULT_REGION": VIRGINIA}, IRELAND, id="both"),
        pytest.param({}, None, id="none"),
        pytest.param({"AWS_REGION": "nowhere"}, None, id="not-a-region"),
    ],
)
async def test_the_environment_names_a_region(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environment: dict[str, str],
    region: str | None,
) -> None:
    """AWS_REGION is read, which EKS sets, and AWS_DEFAULT_REGION, which botocore reads."""
    async with a_world(monkeypatch, tmp_path, Timeouts(), **environment) as world:
        assert await world.ecr.ambient_region() == region


async def test_the_profile_names_a_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The configuration file of the AWS command line counts as well."""
    (tmp_path / "config").write_text(f"[default]\nregion = {IRELAND}\n")
    async with a_world(monkeypatch, tmp_path) as world:
        assert await world.ecr.ambient_region() == IRELAND


async def test_the_instance_names_a_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On an EC2 instance, its own region is the last to be asked for."""
    async with a_world(monkeypatch, tmp_path, AWS_EC2_METADATA_DISABLED="false") as world:
        for name, value in world.aws.instance_environment().items():
            monkeypatch.setenv(name, value)

        world.aws.node.region = IRELAND

        assert await world.ecr.ambient_region() == IRELAND


async def test_a_region_that_somebody_asked_for_is_not_our_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What one credential lists does not decide where another one's registry is."""
    async with a_world(monkeypatch, tmp_path, AWS_EC2_METADATA_DISABLED="false") as world:
        for name, value in world.aws.instance_environment().items():
            monkeypatch.setenv(name, value)
        world.aws.add_role(ROLE)
        world.aws.node.role_arn = ROLE
        world.aws.node.region = IRELAND

        token = await world.ecr.fetch(OURSELVES, VIRGINIA)

        assert token.region == VIRGINIA
        assert await world.ecr.ambient_region() == IRELAND
