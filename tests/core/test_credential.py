"""What an `AWSECRCredential` object may say, and what is said about one that may not."""

from typing import Any

import msgspec
import pytest
import yaml

from ecr_secrets.core.credential import (
    AccessReference,
    Credential,
    RegistryRequest,
    parse_credential,
    read_credential,
)
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.spec import MAX_ACCOUNT_IDS, MAX_NAMESPACES, MAX_REGISTRIES
from ecr_secrets.errors import InvalidSpecError
from tests.core.builders import ACCOUNT, UID, a_credential_manifest
from tests.first_example import EXAMPLE

ROLE = "arn:aws:iam::111122223333:role/pull"


def test_the_originals_example_applies_unchanged() -> None:
    """Whoever comes from the original operator keeps their manifests."""
    manifest = yaml.safe_load(EXAMPLE)
    manifest["metadata"] |= {"uid": UID, "generation": 3, "creationTimestamp": "2026-11-24"}

    credential = parse_credential(read_credential(msgspec.json.encode(manifest)))

    assert credential == Credential(
        name="my-ecr-credentials",
        uid=UID,
        generation=3,
        access=AccessReference(secret=ObjectKey("default", "aws-access")),
        secret_name="ecr-login",
        namespaces=frozenset({"ns1", "ns2", "ns3", "ns4"}),
        registries=(RegistryRequest(region=None),),
    )
    assert credential.target("ns2") == ObjectKey("ns2", "ecr-login")


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        pytest.param(..., AccessReference(secret=None), id="absent"),
        pytest.param(None, AccessReference(secret=None), id="null"),
        pytest.param(
            {"secretName": "key"},
            AccessReference(secret=ObjectKey("default", "key")),
            id="namespace-by-default",
        ),
        pytest.param(
            {"secretName": "key", "namespace": "ops"},
            AccessReference(secret=ObjectKey("ops", "key")),
            id="namespace-named",
        ),
        pytest.param(
            {"roleArn": ROLE}, AccessReference(secret=None, role_arn=ROLE), id="role-of-our-own"
        ),
        pytest.param(
            {"secretName": "key", "roleArn": ROLE, "externalId": "42"},
            AccessReference(secret=ObjectKey("default", "key"), role_arn=ROLE, external_id="42"),
            id="role-with-external-id",
        ),
    ],
)
def test_an_aws_access_says_who_asks(access: object, expected: AccessReference) -> None:
    """Keys in a Secret, the operator's own identity, and a role assumed with either of them."""
    assert parse_credential(a_credential_manifest(awsAccess=access)).access == expected


@pytest.mark.parametrize(
    ("registries", "expected"),
    [
        pytest.param(..., (RegistryRequest(region=None),), id="absent"),
        pytest.param(None, (RegistryRequest(region=None),), id="null"),
        pytest.param([], (RegistryRequest(region=None),), id="empty"),
        pytest.param(
            [{"region": "us-east-1"}, {"region": "eu-west-1"}],
            (RegistryRequest(region="eu-west-1"), RegistryRequest(region="us-east-1")),
            id="ordered",
        ),
        pytest.param(
            [{"region": "eu-west-1", "accountIds": ["444455556666", ACCOUNT, "444455556666"]}],
            (RegistryRequest(region="eu-west-1", account_ids=(ACCOUNT, "444455556666")),),
            id="accounts-ordered-and-once",
        ),
    ],
)
def test_registries_are_asked_for_by_region(
    registries: object, expected: tuple[RegistryRequest, ...]
) -> None:
    """The order in which regions and accounts are written down changes nothing."""
    assert parse_credential(a_credential_manifest(registries=registries)).registries == expected


def test_a_namespace_named_twice_is_one_namespace() -> None:
    """The original operator accepts duplicates, so they are no mistake."""
    credential = parse_credential(a_credential_manifest("shop", "shop", "bank"))

    assert credential.namespaces == {"shop", "bank"}


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        pytest.param("secretName", ..., "spec.secretName", id="name-missing"),
        pytest.param("secretName", None, "spec.secretName", id="name-null"),
        pytest.param("secretName", 7, "spec.secretName", id="name-a-number"),
        pytest.param("secretName", "", "spec.secretName", id="name-empty"),
        pytest.param("secretName", "Ecr", "spec.secretName", id="name-upper-case"),
        pytest.param("secretName", "ecr-login\n", "spec.secretName", id="name-newline-behind"),
        pytest.param("secretName", "ecr..login", "spec.secretName", id="name-two-dots"),
        pytest.param("secretName", "a" * 254, "spec.secretName", id="name-too-long"),
        pytest.param("namespaces", ..., "spec.namespaces", id="namespaces-missing"),
        pytest.param("namespaces", None, "spec.namespaces", id="namespaces-null"),
        pytest.param("namespaces", [], "spec.namespaces", id="namespaces-empty"),
        pytest.param("namespaces", "shop", "spec.namespaces", id="namespaces-a-text"),
        pytest.param("namespaces", {"shop": 1}, "spec.namespaces", id="namespaces-an-object"),
        pytest.param("namespaces", ["shop", None], "spec.namespaces[1]", id="namespace-null"),
        pytest.param("namespaces", ["shop", 3], "spec.namespaces[1]", id="namespace-a-number"),
        pytest.param("namespaces", ["a.b"], "spec.namespaces[0]", id="namespace-with-a-dot"),
        pytest.param("namespaces", ["-a"], "spec.namespaces[0]", id="namespace-begins-with-a-dash"),
        pytest.param("namespaces", ["a\n"], "spec.namespaces[0]", id="namespace-newline-behind"),
        pytest.param("namespaces", ["a" * 64], "spec.namespaces[0]", id="namespace-too-long"),
        pytest.param("awsAccess", "key", "spec.awsAccess", id="access-a-text"),
        pytest.param(
            "awsAccess", {"secretName": "Key"}, "spec.awsAccess.secretName", id="access-name"
        ),
        pytest.param(
            "awsAccess", {"namespace": "a_b"}, "spec.awsAccess.namespace", id="access-namespace"
        ),
        pytest.param(
            "awsAccess", {"namespace": None}, "spec.awsAccess.namespace", id="access-namespace-null"
        ),
        pytest.param("awsAccess", {"roleArn": "pull"}, "spec.awsAccess.roleArn", id="role-no-arn"),
        pytest.param(
            "awsAccess",
            {"roleArn": "arn:aws:iam::111122223333:user/pull"},
            "spec.awsAccess.roleArn",
            id="role-a-user",
        ),
        pytest.param(
            "awsAccess",
            {"roleArn": ROLE.replace("3333", "333")},
            "spec.awsAccess.roleArn",
            id="role-eleven-digits",
        ),
        pytest.param(
            "awsAccess", {"roleArn": f"{ROLE}\n"}, "spec.awsAccess.roleArn", id="role-newline"
        ),
        pytest.param(
            "awsAccess", {"externalId": "42"}, "spec.awsAccess.externalId", id="id-without-role"
        ),
        pytest.param(
            "awsAccess",
            {"roleArn": ROLE, "externalId": "4"},
            "spec.awsAccess.externalId",
            id="id-of-one-character",
        ),
        pytest.param(
            "awsAccess",
            {"roleArn": ROLE, "externalId": "a b"},
            "spec.awsAccess.externalId",
            id="id-with-a-blank",
        ),
        pytest.param("registries", {}, "spec.registries", id="registries-an-object"),
        pytest.param("registries", [{}], "spec.registries[0].region", id="region-missing"),
        pytest.param(
            "registries", [{"region": None}], "spec.registries[0].region", id="region-null"
        ),
        pytest.param(
            "registries",
            [{"region": "eu-west-1"}, {"region": "us-east-1a"}],
            "spec.registries[1].region",
            id="region-a-zone",
        ),
        pytest.param(
            "registries",
            [{"region": "us-east-1"}, {"region": "eu-west-1"}, {"region": "us-east-1"}],
            "spec.registries[2].region",
            id="region-twice",
        ),
        pytest.param(
            "registries",
            [{"region": "eu-west-1", "accountIds": [ACCOUNT, ACCOUNT[:-1]]}],
            "spec.registries[0].accountIds[1]",
            id="account-eleven-digits",
        ),
        pytest.param(
            "registries",
            [{"region": "eu-west-1", "accountIds": [int(ACCOUNT)]}],
            "spec.registries[0].accountIds[0]",
            id="account-a-number",
        ),
        pytest.param(
            "registries",
            [{"region": "eu-west-1", "accountIds": None}],
            "spec.registries[0].accountIds",
            id="accounts-null",
        ),
    ],
)
def test_a_mistake_is_named_by_its_path(field: str, value: object, path: str) -> None:
    """The condition points at the field in the words of the user's YAML."""
    fields: dict[str, Any] = {field: value}

    with pytest.raises(InvalidSpecError) as raised:
        parse_credential(a_credential_manifest(**fields))

    assert raised.value.path == path
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param(
            {"secretName": ...}, "spec.secretName: required, and missing", id="a-missing-field"
        ),
        pytest.param(
            {"namespaces": []},
            "spec.namespaces: expected `array` of length >= 1",
            id="an-empty-list",
        ),
        pytest.param(
            {"registries": [{"region": "us-east-1a"}]},
            "spec.registries[0].region: us-east-1a is an availability zone; the region is "
            "us-east-1",
            id="a-zone",
        ),
        pytest.param(
            {"registries": [{"region": "us-east-1"}, {"region": "us-east-1"}]},
            "spec.registries[1].region: us-east-1 stands here twice; list its accounts in one "
            "entry",
            id="a-region-twice",
        ),
        pytest.param(
            {"awsAccess": {"externalId": "42"}},
            "spec.awsAccess.externalId: only has a meaning with roleArn",
            id="an-external-id-alone",
        ),
        pytest.param(
            {"awsAccess": {"namespace": "vault"}},
            "spec.awsAccess: name a secretName or a roleArn; without awsAccess the operator's own "
            "identity is used",
            id="an-access-of-nothing",
        ),
    ],
)
def test_a_mistake_is_said_with_its_remedy(fields: dict[str, Any], message: str) -> None:
    """What is wrong can be put right without the source code at hand."""
    with pytest.raises(InvalidSpecError) as raised:
        parse_credential(a_credential_manifest(**fields))

    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        pytest.param({"secretName": "a" * 253}, True, id="longest-name"),
        pytest.param({"secretName": "a" * 254}, False, id="name-too-long"),
        pytest.param({"namespaces": ["a" * 63]}, True, id="longest-namespace"),
        pytest.param({"namespaces": ["a" * 64]}, False, id="namespace-too-long"),
        pytest.param({"namespaces": ["a"] * MAX_NAMESPACES}, True, id="most-namespaces"),
        pytest.param({"namespaces": ["a"] * (MAX_NAMESPACES + 1)}, False, id="too-many-namespaces"),
        pytest.param(
            {"registries": [{"region": f"eu-west-{n}"} for n in range(MAX_REGISTRIES)]},
            True,
            id="most-registries",
        ),
        pytest.param(
            {"registries": [{"region": f"eu-west-{n}"} for n in range(MAX_REGISTRIES + 1)]},
            False,
            id="too-many-registries",
        ),
        pytest.param(
            {"registries": [{"region": "eu-west-1", "accountIds": [ACCOUNT] * MAX_ACCOUNT_IDS}]},
            True,
            id="most-accounts",
        ),
        pytest.param(
            {
                "registries": [
                    {"region": "eu-west-1", "accountIds": [ACCOUNT] * (MAX_ACCOUNT_IDS + 1)}
                ]
            },
            False,
            id="too-many-accounts",
        ),
        pytest.param(
            {"awsAccess": {"roleArn": ROLE, "externalId": "a" * 1224}}, True, id="longest-id"
        ),
        pytest.param(
            {"awsAccess": {"roleArn": ROLE, "externalId": "a" * 1225}}, False, id="id-too-long"
        ),
        pytest.param(
            {"awsAccess": {"roleArn": ROLE + "a" * (2048 - len(ROLE))}}, True, id="longest-role"
        ),
        pytest.param(
            {"awsAccess": {"roleArn": ROLE + "a" * (2049 - len(ROLE))}}, False, id="role-too-long"
        ),
    ],
)
def test_everything_is_bounded(fields: dict[str, Any], fits: bool) -> None:
    """No object, however large, costs more than what it was measured for."""
    manifest = a_credential_manifest(**fields)

    if fits:
        parse_credential(manifest)
    else:
        with pytest.raises(InvalidSpecError):
            parse_credential(manifest)


def test_the_external_id_stays_out_of_sight() -> None:
    """It is part of what a role's trust rests on."""
    access = {"roleArn": ROLE, "externalId": "not-to-be-shown"}

    credential = parse_credential(a_credential_manifest(awsAccess=access))

    assert "not-to-be-shown" not in repr(credential)


def test_nothing_else_of_the_object_is_kept() -> None:
    """Managed fields can be larger than the object; what is kept has memory of its own."""
    manifest = {
        "metadata": {"name": "a", "managedFields": [{"manager": "kubectl"}] * 100},
        "spec": {"secretName": "b"},
    }

    found = read_credential(msgspec.json.encode(manifest))

    assert bytes(found.spec) == b'{"secretName":"b"}'
    assert bytes(found.status) == b"{}"
    assert not hasattr(found.metadata, "managed_fields")
