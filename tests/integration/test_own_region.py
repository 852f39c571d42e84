"""Where we are, as far as our surroundings tell."""

from pathlib import Path

import pytest

from ecr_secrets.aws.timeouts import Timeouts
from tests.integration.at_aws import IRELAND, ROLE, VIRGINIA, a_world
from tests.integration.identities import OURSELVES


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
