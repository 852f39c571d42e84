"""Wrong values are refused with the place and the reason, before anything is installed."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from chart.generated import CHART, SCHEMA
from tests.helm.helm import Helm, Values, config_of, the
from tests.helm.matrix import A_CREDENTIAL, KEYS, SPEC, VALUES

DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA_OF_VALUES: dict[str, Any] = json.loads(SCHEMA.read_text())


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
    *(
        (f"no-host-{number}", {"webhook": {"url": url}}, ["/webhook/url", "^https://"])
        for number, url in enumerate(["https://", "https://:9443", "https:///path", "https://a b"])
    ),
    ("query", {"webhook": {"url": "https://x/?a=b"}}, ["/webhook/url", "^https://"]),
    ("digest", {"image": {"digest": "latest"}}, ["/image/digest", "sha256"]),
    ("zone", {"aws": {"region": "eu-west-1a"}}, ["/aws/region"]),
    ("keys-missing", {"awsAccess": {"create": True}}, ["accessKeyId", "secretAccessKey", "region"]),
    ("key-too-short", {"awsAccess": {**KEYS, "accessKeyId": "AKIA"}}, ["/awsAccess/accessKeyId"]),
    ("label", {"podLabels": {"on": True}}, ["/podLabels/on", "got boolean, want string"]),
    ("label-value", {"commonLabels": {"a": "b c"}}, ["/commonLabels/a", "'b c'"]),
    ("label-too-long", {"podLabels": {"a": "b" * 64}}, ["/podLabels/a", "got 64, want 63"]),
    ("label-name", {"service": {"labels": {"a b": "c"}}}, ["/service/labels", "'a b'"]),
    ("budget", {"podDisruptionBudget": {"minAvailable": "abc"}}, ["/minAvailable", "'abc'"]),
    ("budget-above", {"podDisruptionBudget": {"maxUnavailable": "101%"}}, ["/maxUnavailable"]),
    ("liveness", {"livenessProbe": {"successThreshold": 2}}, ["/livenessProbe/successThreshold"]),
    ("startup", {"startupProbe": {"successThreshold": 2}}, ["/startupProbe/successThreshold"]),
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


@pytest.mark.parametrize(
    "url", ["https://192.0.2.7:9443", "https://[2001:db8::7]:9443", "https://ecr.example.com/a/b"]
)
def test_a_url_with_a_host_is_passed_on(helm4: Helm, url: str) -> None:
    """By name or address, with port and path."""
    assert config_of(helm4.render({"webhook": {"url": url}})).webhook_url == url


def test_an_old_kubernetes_is_refused(helm: Helm) -> None:
    """The policy that confines the operator came with 1.30."""
    said = helm.refusal("template", "ecr", str(CHART), "--kube-version=1.29.9")

    assert "chart requires kubeVersion: >=1.30.0-0" in said


def test_a_vendor_suffix_of_the_version_is_no_obstacle(helm: Helm) -> None:
    """As EKS and GKE have it."""
    helm.run("template", "ecr", str(CHART), "--kube-version=v1.30.4-eks-a737599")


def test_a_parent_chart_may_set_what_parents_set(helm: Helm) -> None:
    """A strict schema would refuse what Helm itself and conditions put into a subchart's values."""
    values = {"global": {"imageRegistry": "x"}, "enabled": True}

    helm.run("template", "ecr", str(CHART), values=values)


# Every optional object is made, so that every template runs.
_ALL: Values = {
    "metrics": VALUES["monitored"]["metrics"],
    "networkPolicy": {"enabled": True},
    "awsAccess": KEYS,
    "credentials": [A_CREDENTIAL],
}


def _groups(values: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Name every map and list among values, and those within."""
    for name, value in values.items():
        if isinstance(value, dict | list):
            yield (*above, name)
        if isinstance(value, dict):
            yield from _groups(value, (*above, name))


@pytest.mark.parametrize(
    "path", [pytest.param(each, id=".".join(each)) for each in _groups(DEFAULTS)]
)
def test_null_is_nothing_or_refused(helm4: Helm, path: tuple[str, ...]) -> None:
    """Helm takes the default away then, and no template may stumble over what is missing."""
    *above, name = path
    values: Any = deepcopy(_ALL)
    inner, schema = values, SCHEMA_OF_VALUES
    for step in above:
        inner, schema = inner.setdefault(step, {}), schema.get("properties", {}).get(step, {})
    inner[name] = None

    if name in schema.get("required", []):
        place = "".join(f"/{step}" for step in above)
        said = helm4.refusal("template", "ecr", str(CHART), values=values)
        assert f"at '{place}': missing property '{name}'" in said
    else:
        assert the(helm4.render(values), "Deployment")
