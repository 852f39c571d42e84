"""The services of the fake, asked by real clients."""

import asyncio
import base64
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import botocore.session
import pytest
from botocore.utils import IMDSRegionProvider

from testbed.aws.server import FakeAws
from testbed.aws.wire import utc_now
from tests.testbed.aws_clients import REGION, a_client, ask, outcome, session_key

ROLE = "arn:aws:iam::444455556666:role/pull"


def set_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], folder: Path
) -> None:
    """Set the variables of AWS' SDK to these and no others, without configuration files."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    files = {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
    for name, value in (variables | dict.fromkeys(files, str(folder / "none"))).items():
        monkeypatch.setenv(name, value)


async def a_token(aws: FakeAws, region: str = REGION) -> dict[str, Any]:
    """Ask ECR for a token, with a new key of the usual account."""
    answer = await ask(
        a_client(aws, "ecr", aws.add_access_key(), region=region), "get_authorization_token"
    )
    entry: dict[str, Any] = answer["authorizationData"][0]
    return entry


async def test_tokens_look_like_those_of_ecr() -> None:
    """User `AWS`, a password of realistic length, twelve hours of life, no two alike."""
    async with FakeAws() as aws:
        first, second = await a_token(aws), await a_token(aws)

    user, _, password = base64.b64decode(first["authorizationToken"]).decode().partition(":")
    assert user == "AWS"
    assert len(password) >= 1900
    assert len(first["authorizationToken"]) >= 2600
    other = base64.b64decode(second["authorizationToken"]).decode()
    assert f"AWS:{password}"[:72] != other[:72]  # what a registry with bcrypt would compare
    life = first["expiresAt"] - utc_now()
    assert timedelta(hours=11, minutes=59) < life <= timedelta(hours=12)


async def test_tokens_live_and_measure_what_is_asked_for() -> None:
    """A test that cannot wait for twelve hours chooses a shorter life; or a longer password."""
    async with FakeAws() as aws:
        aws.token_lifetime = timedelta(seconds=30)
        aws.tokens.password_length = 16_000
        entry = await a_token(aws)

    assert timedelta(seconds=20) < entry["expiresAt"] - utc_now() <= timedelta(seconds=30)
    assert abs(len(base64.b64decode(entry["authorizationToken"])) - 16_000) < 20


@pytest.mark.parametrize(
    ("region", "suffix"),
    [
        ("us-east-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("us-gov-west-1", "amazonaws.com"),
        ("eusc-de-east-1", "amazonaws.eu"),
        ("us-iso-east-1", "c2s.ic.gov"),
        ("us-isob-east-1", "sc2s.sgov.gov"),
    ],
)
async def test_registries_are_named_as_in_their_partition(region: str, suffix: str) -> None:
    """`proxyEndpoint` ends as the partition of the region demands."""
    async with FakeAws() as aws:
        entry = await a_token(aws, region)

    assert entry["proxyEndpoint"] == f"https://111122223333.dkr.ecr.{region}.{suffix}"


async def test_each_registry_asked_for_gets_an_entry() -> None:
    """`registryIds` is deprecated, and still answered."""
    async with FakeAws() as aws:
        client = a_client(aws, "ecr", aws.add_access_key())
        ids = ["444455556666", "777788889999"]
        answer = await ask(client, "get_authorization_token", registryIds=ids)

    hosts = [entry["proxyEndpoint"] for entry in answer["authorizationData"]]
    assert hosts == [f"https://{one}.dkr.ecr.eu-west-1.amazonaws.com" for one in ids]


async def test_ecr_public_answers_in_its_own_shape_and_region() -> None:
    """One object instead of a list, without an endpoint, and not from everywhere."""
    async with FakeAws() as aws:
        key = aws.add_access_key()
        client = a_client(aws, "ecr-public", key, region="us-east-1")
        answer = await ask(client, "get_authorization_token")
        elsewhere = await outcome(a_client(aws, "ecr-public", key, region="eu-west-1"))

    assert set(answer["authorizationData"]) == {"authorizationToken", "expiresAt"}
    assert elsewhere == "UnsupportedCommandException"


@pytest.mark.parametrize(
    ("external_id", "trusts", "expected"),
    [
        pytest.param({"ExternalId": "right"}, (), "ok", id="right"),
        pytest.param({"ExternalId": "wrong"}, (), "AccessDenied", id="wrong-external-id"),
        pytest.param({}, (), "AccessDenied", id="no-external-id"),
        pytest.param({"ExternalId": "right"}, ("111122223333",), "ok", id="trusted-account"),
        pytest.param({"ExternalId": "right"}, ("777788889999",), "AccessDenied", id="not-trusted"),
    ],
)
async def test_a_role_checks_its_external_id_and_its_trust(
    external_id: dict[str, str], trusts: tuple[str, ...], expected: str
) -> None:
    """AssumeRole is refused without the external id, or to whom the role does not trust."""
    async with FakeAws() as aws:
        aws.add_role(ROLE, external_id="right", trusts=trusts)
        client = a_client(aws, "sts", aws.add_access_key())
        result = await outcome(
            client, "assume_role", RoleArn=ROLE, RoleSessionName="test", **external_id
        )

    assert result == expected


async def test_a_role_that_does_not_exist_is_refused_like_a_forbidden_one() -> None:
    """AWS does not tell which roles exist."""
    async with FakeAws() as aws:
        client = a_client(aws, "sts", aws.add_access_key())
        result = await outcome(client, "assume_role", RoleArn=ROLE, RoleSessionName="test")

    assert result == "AccessDenied"


async def test_an_assumed_role_gets_the_tokens_of_its_own_account() -> None:
    """The session's key signs, its account owns the registry, and its role is counted."""
    async with FakeAws() as aws:
        aws.add_role(ROLE)
        client = a_client(aws, "sts", aws.add_access_key())
        session = session_key(
            await ask(client, "assume_role", RoleArn=ROLE, RoleSessionName="test")
        )
        answer = await ask(a_client(aws, "ecr", session), "get_authorization_token")
        counted = aws.count(operation="ecr:GetAuthorizationToken", principal=ROLE)

    endpoint = answer["authorizationData"][0]["proxyEndpoint"]
    assert endpoint == "https://444455556666.dkr.ecr.eu-west-1.amazonaws.com"
    assert counted == 1


async def test_an_sdk_finds_everything_by_its_own_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No client needs to be told of the fake in any way but AWS' own."""
    async with FakeAws() as aws:
        key = aws.add_access_key()
        variables = aws.environment() | {
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        }
        set_environment(monkeypatch, variables, tmp_path)
        session = botocore.session.Session()
        clients = {
            "ecr": session.create_client("ecr", region_name="us-east-1"),
            "ecr-public": session.create_client("ecr-public", region_name="us-east-1"),
        }
        results = [await outcome(client) for client in clients.values()]
        sts = session.create_client("sts", region_name="us-east-1")
        results.append(await outcome(sts, "get_caller_identity"))

    assert results == ["ok", "ok", "ok"]


@pytest.mark.parametrize("source", ["web-identity", "pod-identity", "instance"])
async def test_a_workload_without_keys_finds_its_role(
    source: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """IRSA, EKS Pod Identity and instance metadata all end in the keys of the role."""
    async with FakeAws() as aws:
        aws.add_role(ROLE)
        token_file = tmp_path / "token"
        if source == "web-identity":
            token_file.write_text(aws.iam.add_web_identity(ROLE))
            own = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token_file)}
        elif source == "pod-identity":
            token_file.write_text(aws.iam.add_pod(ROLE))
            own = aws.pod_environment() | {
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token_file)
            }
        else:
            aws.node.role_arn = ROLE
            own = aws.instance_environment()
        set_environment(monkeypatch, aws.environment() | own, tmp_path)
        # Making the client asks for the keys already.
        client = await asyncio.to_thread(
            botocore.session.Session().create_client, "ecr", region_name=REGION
        )
        result = await outcome(client)
        counted = aws.count(operation="ecr:GetAuthorizationToken", principal=ROLE, result="ok")

    assert (result, counted) == ("ok", 1)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/latest/meta-data/iam/security-credentials/", id="instance-metadata"),
        pytest.param("/v1/credentials", id="pod-identity"),
    ],
)
async def test_a_node_gives_nothing_to_strangers(path: str) -> None:
    """Neither service answers without its token."""
    async with FakeAws() as aws, aiohttp.ClientSession() as session:
        aws.add_role(ROLE)
        aws.node.role_arn = ROLE
        async with session.get(aws.endpoint_url + path) as response:
            status = response.status

    assert status == 401


async def test_an_instance_knows_its_region(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The SDK can ask the machine where it is."""
    async with FakeAws() as aws:
        aws.node.region = "ap-south-1"
        set_environment(monkeypatch, aws.instance_environment(), tmp_path)
        provider = IMDSRegionProvider(botocore.session.Session())
        region = await asyncio.to_thread(provider.provide)

    assert region == "ap-south-1"


async def test_an_unknown_web_identity_is_refused() -> None:
    """A service account's token opens its own role and nothing else."""
    async with FakeAws() as aws:
        aws.add_role(ROLE)
        token = aws.iam.add_web_identity("arn:aws:iam::444455556666:role/other")
        client = a_client(aws, "sts", aws.add_access_key())
        parameters = {"RoleArn": ROLE, "RoleSessionName": "test"}
        method = "assume_role_with_web_identity"
        other = await outcome(client, method, **parameters, WebIdentityToken=token)
        unknown = await outcome(client, method, **parameters, WebIdentityToken="unknown")

    assert (other, unknown) == ("AccessDenied", "InvalidIdentityToken")
