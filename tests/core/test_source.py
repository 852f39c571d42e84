"""Where tokens come from: the object, its AWS access and the environment brought together."""

import pytest

from ecr_secrets.core.access_secret import AccessSecret
from ecr_secrets.core.credential import Credential, RegistryRequest
from ecr_secrets.core.identity import AccessKeys, Identity
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.source import Source, needs_own_region, resolve_source
from ecr_secrets.errors import (
    AwsAccessNotFoundError,
    InvalidAwsAccessError,
    NoRegionError,
    OperatorError,
)
from tests.core.builders import IRELAND, VIRGINIA, a_credential

KEYS = {
    "AWS_ACCESS_KEY_ID": b"AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}
IDENTITY = Identity(
    keys=AccessKeys(
        access_key_id="AKIAIOSFODNN7EXAMPLE",
        secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
)
ROLE = "arn:aws:iam::111122223333:role/pull"


def an_access(region: str | None = IRELAND, **more: bytes) -> AccessSecret:
    """Build the Secret with the AWS access."""
    named = {"AWS_REGION": region.encode()} if region else {}
    return AccessSecret(ObjectKey("default", "aws-access"), {**KEYS, **named, **more})


def requests(*regions: str) -> tuple[RegistryRequest, ...]:
    """Ask for regions."""
    return tuple(RegistryRequest(region=region) for region in regions)


OWN = a_credential(awsAccess=...)  # the operator's own identity
OWN_WITH_ROLE = a_credential(awsAccess={"roleArn": ROLE, "externalId": "42"})


@pytest.mark.parametrize(
    ("credential", "found", "own_region", "expected"),
    [
        pytest.param(
            a_credential(),
            an_access(),
            None,
            Source(identity=IDENTITY, registries=requests(IRELAND)),
            id="region-of-the-access",
        ),
        pytest.param(
            a_credential(),
            an_access(),
            VIRGINIA,
            Source(identity=IDENTITY, registries=requests(IRELAND)),
            id="access-over-environment",
        ),
        pytest.param(
            a_credential(regions=(VIRGINIA, IRELAND)),
            an_access("us-west-2"),
            None,
            Source(identity=IDENTITY, registries=requests(IRELAND, VIRGINIA)),
            id="regions-of-the-object",
        ),
        pytest.param(
            a_credential(regions=(VIRGINIA,)),
            an_access(None),
            None,
            Source(identity=IDENTITY, registries=requests(VIRGINIA)),
            id="access-without-region",
        ),
        pytest.param(
            OWN,
            None,
            IRELAND,
            Source(identity=Identity(), registries=requests(IRELAND)),
            id="own-identity-and-region",
        ),
        pytest.param(
            a_credential(awsAccess=..., regions=(VIRGINIA,)),
            None,
            None,
            Source(identity=Identity(), registries=requests(VIRGINIA)),
            id="own-identity-and-region-of-the-object",
        ),
        pytest.param(
            OWN_WITH_ROLE,
            None,
            IRELAND,
            Source(
                identity=Identity(role_arn=ROLE, external_id="42"), registries=requests(IRELAND)
            ),
            id="role-with-own-identity",
        ),
        pytest.param(
            a_credential(awsAccess={"secretName": "aws-access", "roleArn": ROLE}),
            an_access(),
            None,
            Source(
                identity=Identity(keys=IDENTITY.keys, role_arn=ROLE), registries=requests(IRELAND)
            ),
            id="role-with-keys",
        ),
    ],
)
def test_a_source_is_one_identity_and_its_regions(
    credential: Credential, found: AccessSecret | None, own_region: str | None, expected: Source
) -> None:
    """The object says most, then its AWS access, then the environment."""
    assert resolve_source(credential, found, own_region=own_region) == expected
    assert expected.regions == tuple(request.region for request in expected.registries)


@pytest.mark.parametrize(
    ("credential", "found", "kind", "message"),
    [
        pytest.param(
            a_credential(),
            None,
            AwsAccessNotFoundError,
            "spec.awsAccess: Secret default/aws-access does not exist; create it with the keys "
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION",
            id="no-secret",
        ),
        pytest.param(
            a_credential(),
            AccessSecret(ObjectKey("default", "aws-access"), {}),
            InvalidAwsAccessError,
            "Secret default/aws-access, key AWS_ACCESS_KEY_ID: missing",
            id="empty-secret",
        ),
        pytest.param(
            a_credential(),
            an_access("us-east-1a"),
            InvalidAwsAccessError,
            "Secret default/aws-access, key AWS_REGION: us-east-1a is an availability zone; the "
            "region is us-east-1",
            id="a-zone",
        ),
        pytest.param(
            a_credential(),
            an_access(None),
            NoRegionError,
            "Secret default/aws-access, key AWS_REGION: missing; set it, or list regions in "
            "spec.registries",
            id="no-region-in-the-secret",
        ),
        pytest.param(
            OWN,
            None,
            NoRegionError,
            "the operator's environment names no AWS region: AWS_REGION is not set; set it, or "
            "list regions in spec.registries",
            id="no-region-in-the-environment",
        ),
    ],
)
def test_what_is_missing_is_said_with_its_remedy(
    credential: Credential,
    found: AccessSecret | None,
    kind: type[OperatorError],
    message: str,
) -> None:
    """It names the Secret and the key, so that nobody has to guess."""
    with pytest.raises(kind) as raised:
        resolve_source(credential, found, own_region=None)

    assert str(raised.value) == message


def test_the_environment_does_not_stand_in_for_an_access_without_region() -> None:
    """Where the operator runs says nothing about where somebody else's key is meant for."""
    with pytest.raises(NoRegionError):
        resolve_source(a_credential(), an_access(None), own_region=VIRGINIA)


@pytest.mark.parametrize(
    ("credential", "needed"),
    [
        pytest.param(OWN, True, id="own-identity"),
        pytest.param(OWN_WITH_ROLE, True, id="own-identity-with-role"),
        pytest.param(a_credential(awsAccess=..., regions=(IRELAND,)), False, id="region-named"),
        pytest.param(a_credential(), False, id="keys"),
    ],
)
def test_the_own_region_is_looked_up_only_when_needed(
    credential: Credential, *, needed: bool
) -> None:
    """Finding it out may ask the instance's metadata, which takes time."""
    assert needs_own_region(credential) is needed


def test_the_fingerprint_changes_with_the_key() -> None:
    """A rotated key is used at once."""
    before = resolve_source(a_credential(), an_access(), own_region=None)
    rotated = an_access(AWS_ACCESS_KEY_ID=b"AKIAI44QH8DHBEXAMPLE")

    after = resolve_source(a_credential(), rotated, own_region=None)

    assert after.fingerprint != before.fingerprint
