"""What the API server itself refuses, and that the original's manifests are not among it."""

from typing import Any

import pytest

from ecr_secrets.core.spec import API_VERSION, KIND, MAX_ACCOUNT_IDS, MAX_REGISTRIES
from testbed.control_plane import ControlPlane
from tests.cluster.api import Api

ROLE = "arn:aws:iam::111122223333:role/pull"
GOOD = {"secretName": "ecr-login", "namespaces": ["ns1"]}


def _refusal(control_plane: ControlPlane, spec: dict[str, Any]) -> str:
    """Return why the API server refuses a spec; empty: it does not."""
    manifest = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "tried"}}
    status, answer = Api(control_plane).try_to_create({**manifest, "spec": spec}, dry_run=True)
    if status == 201:
        return ""
    assert status == 422
    return str(answer["message"])


def _regions(count: int) -> list[dict[str, str]]:
    """Make names that are no regions of AWS and could be."""
    return [{"region": f"eu-{'abcdefghij'[n // 10]}west-{n % 10}"} for n in range(count)]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"secretName": None}, "spec.secretName: Required", id="no-secret-name"),
        pytest.param({"secretName": ""}, "spec.secretName", id="empty-secret-name"),
        pytest.param({"secretName": "a" * 254}, "spec.secretName", id="long-secret-name"),
        pytest.param({"secretName": "Ecr_Login"}, "spec.secretName", id="odd-secret-name"),
        pytest.param({"namespaces": None}, "spec.namespaces: Required", id="no-namespaces"),
        pytest.param({"namespaces": []}, "spec.namespaces", id="empty-namespaces"),
        pytest.param({"namespaces": ["NS1"]}, "spec.namespaces[0]", id="odd-namespace"),
        pytest.param({"namespaces": ["a", ""]}, "spec.namespaces[1]", id="empty-namespace"),
        pytest.param({"namespaces": ["a" * 64]}, "spec.namespaces[0]", id="long-namespace"),
        pytest.param({"namespaces": "ns1"}, "spec.namespaces", id="namespaces-no-list"),
        pytest.param(
            {"awsAccess": {"secretName": "A"}}, "spec.awsAccess.secretName", id="odd-access-secret"
        ),
        pytest.param(
            {"awsAccess": {"secretName": "a", "namespace": "a.b"}},
            "spec.awsAccess.namespace",
            id="odd-access-namespace",
        ),
        pytest.param(
            {"awsAccess": {"roleArn": "arn:aws:iam::1:role/pull"}},
            "spec.awsAccess.roleArn",
            id="odd-role",
        ),
        pytest.param(
            {"awsAccess": {"namespace": "vault"}},
            "name a secretName or a roleArn",
            id="access-of-nothing",
        ),
        pytest.param(
            {"awsAccess": {"secretName": "a", "externalId": "shared"}},
            "spec.awsAccess.externalId: Invalid value",
            id="external-id-without-role",
        ),
        pytest.param(
            {"awsAccess": {"roleArn": ROLE, "externalId": "x"}},
            "spec.awsAccess.externalId",
            id="short-external-id",
        ),
        pytest.param(
            {"awsAccess": {"roleArn": ROLE, "externalId": "x" * 1225}},
            "spec.awsAccess.externalId",
            id="long-external-id",
        ),
        pytest.param({"registries": [{}]}, "spec.registries[0].region: Required", id="no-region"),
        pytest.param(
            {"registries": [{"region": "Ireland"}]}, "spec.registries[0].region", id="odd-region"
        ),
        pytest.param(
            {"registries": [{"region": "us-east-1a"}]},
            "us-east-1a is an availability zone; its region is us-east-1",
            id="availability-zone",
        ),
        pytest.param(
            {"registries": [{"region": "eu-west-1"}, {"region": "eu-west-1"}]},
            "spec.registries[1]: Duplicate value",
            id="region-twice",
        ),
        pytest.param(
            {"registries": _regions(MAX_REGISTRIES + 1)}, "spec.registries", id="too-many-regions"
        ),
        pytest.param(
            {"registries": [{"region": "eu-west-1", "accountIds": ["1234"]}]},
            "spec.registries[0].accountIds[0]",
            id="short-account",
        ),
        pytest.param(
            {"registries": [{"region": "eu-west-1", "accountIds": ["111122223333"] * 2}]},
            "spec.registries[0].accountIds[1]: Duplicate value",
            id="account-twice",
        ),
        pytest.param(
            {
                "registries": [
                    {
                        "region": "eu-west-1",
                        "accountIds": [f"{n:012}" for n in range(MAX_ACCOUNT_IDS + 1)],
                    }
                ]
            },
            "spec.registries[0].accountIds",
            id="too-many-accounts",
        ),
    ],
)
def test_a_mistake_is_refused_and_its_field_named(
    control_plane: ControlPlane, change: dict[str, Any], named: str
) -> None:
    """Whoever applies it reads at once what is wrong."""
    spec = {field: value for field, value in (GOOD | change).items() if value is not None}

    assert named in _refusal(control_plane, spec)


def test_an_object_without_a_spec_is_refused(control_plane: ControlPlane) -> None:
    """It could only ever be invalid."""
    manifest = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "tried"}}

    status, answer = Api(control_plane).try_to_create(manifest, dry_run=True)

    assert status == 422
    assert "spec: Required value" in answer["message"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            {"awsAccess": {"secretName": "aws-access", "namespace": "default"}}, id="readme"
        ),
        pytest.param({"awsAccess": {"secretName": "aws-access"}}, id="default-namespace"),
        pytest.param({}, id="own-identity"),
        pytest.param({"namespaces": ["ns1", "ns1"]}, id="namespace-twice"),
        pytest.param({"secretName": "a" * 253, "namespaces": ["a" * 63]}, id="longest-names"),
        pytest.param({"secretName": "ecr.login"}, id="dotted-name"),
        pytest.param({"awsAccess": {"roleArn": ROLE}}, id="role-of-own-identity"),
        pytest.param(
            {"awsAccess": {"secretName": "a", "roleArn": ROLE, "externalId": "x" * 1224}},
            id="longest-external-id",
        ),
        pytest.param({"registries": _regions(MAX_REGISTRIES)}, id="most-regions"),
        pytest.param({"registries": [{"region": "us-gov-west-1"}]}, id="us-gov"),
        pytest.param({"registries": [{"region": "cn-north-1"}]}, id="china"),
        pytest.param({"registries": [{"region": "eusc-de-east-1"}]}, id="sovereign"),
        pytest.param(
            {
                "registries": [
                    {
                        "region": "eu-west-1",
                        "accountIds": [f"{n:012}" for n in range(MAX_ACCOUNT_IDS)],
                    }
                ]
            },
            id="most-accounts",
        ),
    ],
)
def test_what_is_right_is_accepted(control_plane: ControlPlane, change: dict[str, Any]) -> None:
    """The original's manifests among it, and everything up to the bounds."""
    assert _refusal(control_plane, GOOD | change) == ""


def test_many_namespaces_fit_into_one_object(control_plane: ControlPlane) -> None:
    """Ten thousand, which is what Kubernetes is tested for, and no rule costs too much."""
    namespaces = [f"team-{number:05}" for number in range(10_000)]

    assert _refusal(control_plane, GOOD | {"namespaces": namespaces}) == ""
