"""Wrong values are refused with the place and the reason, before anything is installed."""

from typing import Any

import pytest

from chart.generated import CHART
from tests.helm.helm import Helm, Values
from tests.helm.matrix import A_CREDENTIAL, KEYS, SPEC


def _credential(**spec: Any) -> Values:
    return {"credentials": [{**A_CREDENTIAL, "spec": {**SPEC, **spec}}]}


WRONG: list[tuple[str, Values, list[str]]] = [
    ("unknown", {"replicas": 3}, ["'replicas'", "not allowed"]),
    ("misspelt-within", {"webhook": {"enable": True}}, ["/webhook", "'enable'"]),
    ("another-type", {"replicaCount": "two"}, ["/replicaCount", "got string, want integer"]),
    ("below", {"settings": {"workers": 0}}, ["/settings/workers", "got 0, want 1"]),
    ("above", {"settings": {"workers": 65}}, ["/settings/workers", "got 65, want 64"]),
    ("not-a-choice", {"settings": {"logLevel": "loud"}}, ["/settings/logLevel", "'warning'"]),
    ("port", {"metrics": {"port": 0}}, ["/metrics/port", "got 0, want 1"]),
    ("plain-http", {"webhook": {"url": "http://x"}}, ["/webhook/url", "^https://"]),
    ("digest", {"image": {"digest": "latest"}}, ["/image/digest", "sha256"]),
    ("zone", {"aws": {"region": "eu-west-1a"}}, ["/aws/region"]),
    ("keys-missing", {"awsAccess": {"create": True}}, ["accessKeyId", "secretAccessKey", "region"]),
    ("key-too-short", {"awsAccess": {**KEYS, "accessKeyId": "AKIA"}}, ["/awsAccess/accessKeyId"]),
    ("label", {"podLabels": {"on": True}}, ["/podLabels/on", "got boolean, want string"]),
    ("secret-name", {"rbac": {"secretNames": ["A_B"]}}, ["/rbac/secretNames/0", "A_B"]),
    ("no-spec", {"credentials": [{"name": "a"}]}, ["/credentials/0", "'spec'"]),
    ("no-namespace", _credential(namespaces=[]), ["/credentials/0/spec/namespaces", "minItems"]),
    ("credential-misspelt", _credential(registry=[]), ["/credentials/0/spec", "'registry'"]),
    (
        "credential-nested",
        _credential(registries=[{"region": "eu-west-1", "accountIds": ["1"]}]),
        ["/credentials/0/spec/registries/0/accountIds/0", "minLength"],
    ),
    (
        "another-policy",
        _credential(refreshPolicy="Never"),
        ["/credentials/0/spec/refreshPolicy", "'OnPodAdmission'"],
    ),
]


@pytest.mark.parametrize(
    ("values", "words"), [pytest.param(values, words, id=name) for name, values, words in WRONG]
)
def test_a_wrong_value_is_named(helm: Helm, values: Values, words: list[str]) -> None:
    """The message says where it is, and what was expected or found."""
    said = helm.refusal("template", "ecr", str(CHART), values=values)

    assert "values don't meet the specifications of the schema" in said
    assert [word for word in words if word not in said] == []


def test_an_old_kubernetes_is_refused(helm: Helm) -> None:
    """The policy that confines the operator came with 1.30."""
    said = helm.refusal("template", "ecr", str(CHART), "--kube-version=1.29.9")

    assert "chart requires kubeVersion: >=1.30.0-0" in said


def test_a_vendor_suffix_of_the_version_is_no_obstacle(helm: Helm) -> None:
    """As EKS and GKE have it."""
    helm.run("template", "ecr", str(CHART), "--kube-version=v1.30.4-eks-a737599")


def test_a_parent_chart_may_hand_down_globals(helm: Helm) -> None:
    """A strict schema would refuse what Helm itself puts into a subchart's values."""
    helm.run("template", "ecr", str(CHART), values={"global": {"imageRegistry": "x"}})
