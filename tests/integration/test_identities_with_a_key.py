"""Who a credential is to AWS with a key of its own, whatever the operator is by itself."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from ecr_secrets.core.identity import Identity
from ecr_secrets.errors import AccessDeniedError, InvalidSpecError, NoAwsIdentityError
from testbed.aws import faults
from tests.fakes.eventually import eventually
from tests.integration.at_aws import IRELAND, ROLE, SHORT, VIRGINIA, a_world, identity, keys_of
from tests.integration.identities import ASSUMED, OURSELVES, TOKENS, a_session


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
