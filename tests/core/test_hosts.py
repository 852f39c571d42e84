"""Names of registries and regions."""

import pytest

from ecr_secrets.core.hosts import check_region, parse_host, region_problem, registry_host
from ecr_secrets.errors import InvalidSpecError

ACCOUNT = "111122223333"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        pytest.param("eu-west-1", f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com", id="aws"),
        pytest.param("us-gov-west-1", f"{ACCOUNT}.dkr.ecr.us-gov-west-1.amazonaws.com", id="gov"),
        pytest.param("cn-north-1", f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn", id="cn"),
        pytest.param("eusc-de-east-1", f"{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu", id="eusc"),
        pytest.param("us-iso-east-1", f"{ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov", id="iso"),
        pytest.param(
            "us-isob-east-1", f"{ACCOUNT}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", id="iso-b"
        ),
        pytest.param(
            "eu-isoe-west-1", f"{ACCOUNT}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", id="iso-e"
        ),
        pytest.param(
            "us-isof-south-1", f"{ACCOUNT}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", id="iso-f"
        ),
    ],
)
def test_a_registry_is_named_as_its_partition_does(region: str, host: str) -> None:
    """The host of a registry follows from account and region, and says which they are."""
    assert registry_host(ACCOUNT, region) == host
    assert parse_host(host) == (ACCOUNT, region)


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("", id="empty"),
        pytest.param("docker.io", id="another-registry"),
        pytest.param(f"{ACCOUNT[:-1]}.dkr.ecr.eu-west-1.amazonaws.com", id="eleven-digits"),
        pytest.param(f"{ACCOUNT}4.dkr.ecr.eu-west-1.amazonaws.com", id="thirteen-digits"),
        pytest.param("١١١١٢٢٢٢٣٣٣٣.dkr.ecr.eu-west-1.amazonaws.com", id="digits-not-ascii"),
        pytest.param(f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com.cn", id="partition-of-another"),
        pytest.param(f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com", id="partition-missing"),
        pytest.param(f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com.evil.example", id="more-behind"),
        pytest.param(f"evil.{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com", id="more-before"),
        pytest.param(f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com\n", id="newline-behind"),
        pytest.param(f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com:443", id="port"),
        pytest.param(f"{ACCOUNT}.dkr.ecr.eu-west-1a.amazonaws.com", id="zone"),
    ],
)
def test_other_hosts_are_no_registries(host: str) -> None:
    """A token is never written for a host that only looks like a registry of ECR."""
    assert parse_host(host) is None


@pytest.mark.parametrize(
    "region",
    [
        "us-east-1",
        "ap-southeast-7",
        "me-central-1",
        "mx-central-1",
        "us-gov-east-1",
        "il-central-1",
    ],
)
def test_regions_pass(region: str) -> None:
    """Every region of today passes; which exist is for AWS to say."""
    assert region_problem(region) is None
    assert check_region(region, "spec.registries[0].region") == region


_NO_REGION = "not the name of an AWS region such as eu-west-1"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "us-east-1a", "us-east-1a is an availability zone; the region is us-east-1", id="zone"
        ),
        pytest.param(
            "us-west-2-lax-1a",
            "us-west-2-lax-1a is an availability zone; the region is us-west-2",
            id="local-zone",
        ),
        pytest.param("", "empty; expected an AWS region such as eu-west-1", id="empty"),
        pytest.param(
            "EU-West-1", "regions are written in lower case, such as eu-west-1", id="upper-case"
        ),
        pytest.param("Europe (Ireland)", _NO_REGION, id="the-console's-name"),
        pytest.param("aws-global", _NO_REGION, id="no-number"),
        pytest.param("us-east-", _NO_REGION, id="cut-off"),
        pytest.param("us-east-1ab", _NO_REGION, id="two-letters"),
        pytest.param("us-east-1\n", _NO_REGION, id="newline"),
        pytest.param("us-east-100", _NO_REGION, id="three-digits"),
        pytest.param("us-east-1.evil.example/", _NO_REGION, id="a-host-behind"),
        pytest.param("AKIAIOSFODNN7EXAMPLE", _NO_REGION, id="a-key-is-not-repeated"),
    ],
)
def test_what_is_no_region_is_said_to_be_none(text: str, problem: str) -> None:
    """A mistyped region is named as the mistake it is, in the field it stands in."""
    assert region_problem(text) == problem
    with pytest.raises(InvalidSpecError) as raised:
        check_region(text, "spec.registries[0].region")
    assert str(raised.value) == f"spec.registries[0].region: {problem}"
