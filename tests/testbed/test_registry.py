"""The registry opens to the fake's tokens as ECR's registries do."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from testbed.aws.server import FakeAws
from testbed.aws.wire import utc_now
from testbed.node.configuration import HOST_HEADER
from testbed.node.image import MANIFEST_TYPE, Images
from testbed.registry import FakeRegistry, Visit, password_digest, pull_check

OWN = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
OTHERS = "444455556666.dkr.ecr.eu-west-1.amazonaws.com"
ELSEWHERE = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
PUBLIC = "public.ecr.aws"


def a_pull_secret(host: str, password: str, *, user: str = "AWS") -> bytes:
    """Write a docker config as a pull secret holds it."""
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    return json.dumps({"auths": {host: {"auth": auth}}}).encode()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param(OWN, 200, id="own-account"),
        pytest.param(OWN.replace("dkr.ecr", "dkr.ecr-fips"), 200, id="own-account-fips"),
        pytest.param(OTHERS, 403, id="account-that-does-not-share"),
        pytest.param(ELSEWHERE, 400, id="other-region"),
        pytest.param(f"{OWN}.cn", 400, id="other-partition"),
        pytest.param(PUBLIC, 400, id="public"),
        pytest.param("registry.example.com", 400, id="not-of-ecr"),
    ],
)
async def test_a_token_opens_the_registries_of_its_region(host: str, expected: int) -> None:
    """A private token works for its region and for the accounts that let it in."""
    async with FakeAws() as aws, FakeRegistry(aws) as registry:
        token = aws.tokens.issue("111122223333", "eu-west-1", now=aws.clock())
        status = await pull_check(a_pull_secret(host, token.password), host, registry.url)

    assert status == expected


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        pytest.param(None, 200, id="with-everybody"),
        pytest.param("111122223333", 200, id="with-us"),
        pytest.param("777788889999", 403, id="with-somebody-else"),
    ],
)
async def test_an_account_may_share_its_registries(reader: str | None, expected: int) -> None:
    """One token opens the registries of several accounts."""
    async with FakeAws() as aws, FakeRegistry(aws) as registry:
        aws.share("444455556666", reader=reader)
        token = aws.tokens.issue("111122223333", "eu-west-1", now=aws.clock())
        status = await pull_check(a_pull_secret(OTHERS, token.password), OTHERS, registry.url)

    assert status == expected


async def test_a_token_of_ecr_public_opens_ecr_public() -> None:
    """And no private registry."""
    async with FakeAws() as aws, FakeRegistry(aws) as registry:
        password = aws.tokens.issue("111122223333", "public", now=aws.clock()).password
        statuses = [
            await pull_check(a_pull_secret(host, password), host, registry.url)
            for host in (PUBLIC, OWN)
        ]

    assert statuses == [200, 400]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(timedelta(hours=12, seconds=-1), 200, id="just-before"),
        pytest.param(timedelta(hours=12), 403, id="exactly"),
        pytest.param(timedelta(hours=12, seconds=1), 403, id="just-after"),
    ],
)
async def test_a_token_expires(age: timedelta, expected: int) -> None:
    """From its expiry on, the registry refuses it."""
    issued_at = utc_now()
    async with FakeAws(clock=lambda: issued_at + age) as aws, FakeRegistry(aws) as registry:
        token = aws.tokens.issue("111122223333", "eu-west-1", now=issued_at)
        status = await pull_check(a_pull_secret(OWN, token.password), OWN, registry.url)

    assert status == expected


async def test_an_expired_token_is_refused_in_the_words_of_ecr() -> None:
    """What a node shows to people when a pull fails."""
    async with FakeAws() as aws, FakeRegistry(aws) as registry, aiohttp.ClientSession() as session:
        aws.token_lifetime = timedelta()
        token = aws.tokens.issue("111122223333", "eu-west-1", now=aws.clock())
        auth = aiohttp.encode_basic_auth("AWS", token.password)
        headers = {"Authorization": auth, "Host": OWN}
        async with session.get(f"{registry.url}/v2/", headers=headers) as response:
            seen = (response.status, response.content_type, await response.text())

    words = "Your authorization token has expired. Reauthenticate and try again."
    assert seen == (403, "text/plain", words)


async def test_an_image_is_pulled_part_by_part(tmp_path: Path) -> None:
    """Manifest by tag and by digest, then what it names; each request shows the token."""
    program = tmp_path / "program"
    program.write_bytes(b"program")
    images = Images(program)
    image = images.image(f"{OWN}/shop/web")
    async with (
        FakeAws() as aws,
        FakeRegistry(aws, images) as registry,
        aiohttp.ClientSession() as session,
    ):
        token = aws.tokens.issue("111122223333", "eu-west-1", now=aws.clock())
        auth = aiohttp.encode_basic_auth("AWS", token.password)
        headers = {"Authorization": auth, HOST_HEADER: OWN}
        parts = {
            "manifests/1": image.manifest,
            f"manifests/{image.manifest.digest}": image.manifest,
            f"blobs/{image.config.digest}": image.config,
            f"blobs/{image.layer.digest}": image.layer,
        }
        for path, part in parts.items():
            url = f"{registry.url}/v2/shop/web/{path}"
            async with session.get(url, headers=headers) as response:
                assert response.status == 200
                assert await response.read() == part.content
                assert response.content_type == part.media_type
                assert response.headers["Docker-Content-Digest"] == part.digest
        async with session.get(
            f"{registry.url}/v2/shop/web/blobs/sha256:0", headers=headers
        ) as response:
            assert response.status == 404
        visits = registry.visits

    assert image.manifest.media_type == MANIFEST_TYPE
    shown = password_digest(token.password)
    assert {(visit.host, visit.method, visit.shown) for visit in visits} == {(OWN, "GET", shown)}


async def test_an_image_needs_a_token_that_is_valid(tmp_path: Path) -> None:
    """None, and one that has expired, give what the base of the API gives."""
    program = tmp_path / "program"
    program.write_bytes(b"program")
    async with (
        FakeAws() as aws,
        FakeRegistry(aws, Images(program)) as registry,
        aiohttp.ClientSession() as session,
    ):
        aws.token_lifetime = timedelta()
        token = aws.tokens.issue("111122223333", "eu-west-1", now=aws.clock())
        auth = aiohttp.encode_basic_auth("AWS", token.password)
        url = f"{registry.url}/v2/shop/web/manifests/1"
        seen = []
        for shown in ({}, {"Authorization": auth}):
            async with session.head(url, headers={HOST_HEADER: OWN, **shown}) as response:
                seen.append(response.status)

    assert seen == [401, 403]


async def test_without_a_token_the_registry_asks_for_one() -> None:
    """The challenge that makes a node show its credentials."""
    async with FakeAws() as aws, FakeRegistry(aws) as registry, aiohttp.ClientSession() as session:
        async with session.get(f"{registry.url}/v2/", params={"ns": OWN}) as response:
            challenge = response.headers["WWW-Authenticate"]
        log = registry.visits

    assert challenge.startswith("Basic ")
    assert log == [Visit(OWN, "/v2/", 401)]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param({"auth": "good"}, 200, id="auth"),
        pytest.param({"auth": "unpadded"}, 200, id="auth-without-padding"),
        pytest.param({"username": "AWS", "password": "good"}, 200, id="username-and-password"),
        pytest.param(
            {"auth": "good", "username": "AWS", "password": "bad"}, 200, id="auth-wins-and-is-good"
        ),
        pytest.param(
            {"auth": "bad", "username": "AWS", "password": "good"}, 401, id="auth-wins-and-is-bad"
        ),
        pytest.param({"auth": "other user"}, 401, id="other-user"),
        pytest.param({}, 401, id="empty"),
    ],
)
async def test_a_pull_secret_is_read_as_the_kubelet_does(
    entry: dict[str, str], expected: int
) -> None:
    """What decides is whether the kubelet could pull with it."""
    async with FakeAws() as aws, FakeRegistry(aws) as registry:
        good = aws.tokens.issue("111122223333", "eu-west-1", now=aws.clock()).password
        values = {
            "good": base64.b64encode(f"AWS:{good}".encode()).decode(),
            "bad": base64.b64encode(b"AWS:bad").decode(),
            "other user": base64.b64encode(f"root:{good}".encode()).decode(),
        }
        values["unpadded"] = values["good"].rstrip("=")
        written = {name: values.get(value, value) for name, value in entry.items()}
        if written.get("password") == values["good"]:
            written["password"] = good
        config = json.dumps({"auths": {OWN: written}}).encode()
        status = await pull_check(config, OWN, registry.url)

    assert status == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({"auths": {OTHERS: {"auth": "QVdTOng="}}}, 401, id="no-entry-for-the-host"),
        pytest.param({}, 401, id="no-entries"),
        pytest.param({"auths": {OWN: {"auth": "%%%"}}}, ValueError, id="not-base64"),
        pytest.param({"auths": {OWN: {"auth": "QVdT"}}}, ValueError, id="no-colon"),
    ],
)
async def test_a_secret_that_cannot_pull_is_told_apart(
    config: dict[str, Any], expected: int | type[ValueError]
) -> None:
    """Nothing for this host means asking without credentials; unreadable is an error."""
    async with FakeAws() as aws, FakeRegistry(aws) as registry:
        check = pull_check(json.dumps(config).encode(), OWN, registry.url)
        if isinstance(expected, int):
            assert await check == expected
        else:
            with pytest.raises(expected):
                await check


async def test_a_token_can_die_before_its_time() -> None:
    """A revoked token is as unknown as one that never was."""
    async with FakeAws() as aws, FakeRegistry(aws) as registry:
        token = aws.tokens.issue("111122223333", "eu-west-1", now=aws.clock())
        config = a_pull_secret(OWN, token.password)
        before = await pull_check(config, OWN, registry.url)
        aws.tokens.revoke_all()
        after = await pull_check(config, OWN, registry.url)

    assert (before, after) == (200, 401)
