"""The static manifests are what the chart renders, without a trace of Helm."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from manifests.generate import HERE, files, stored
from manifests.install import NAME, NAMESPACE, install
from manifests.kustomizations import OVERLAYS
from manifests.rendered import rendered
from testbed.helm import MAJORS, provide_helm
from tests.helm.helm import Object, container_of, identity, of_kind, pod_of, the
from tests.manifests.kustomize import BASE, FOLDERS, built

_REFERENCE = (HERE.parent / "docs" / "reference.md").read_text(encoding="utf-8")

each_overlay = pytest.mark.parametrize("name", OVERLAYS)


@pytest.mark.parametrize("major", MAJORS, ids=lambda major: f"helm{major}")
def test_the_files_are_those_that_make_manifests_writes(major: int) -> None:
    """Whichever Helm renders them, and none is left over from earlier."""
    made = files(provide_helm(major))

    assert {path: path.read_text(encoding="utf-8") for path in stored()} == made


def test_the_base_is_the_file() -> None:
    """`kubectl apply -k` and `kubectl apply -f` do the same in the same order."""
    assert built(BASE) == install()


@each_overlay
def test_an_overlay_is_the_chart_with_its_values(name: str) -> None:
    """Its patches make of the base exactly what Helm makes of the values."""
    expected = rendered(provide_helm(4), OVERLAYS[name].values)

    assert _by_identity(built(FOLDERS[name])) == _by_identity(expected)


def _by_identity(objects: list[Object]) -> dict[tuple[str, str, str], Object]:
    return {identity(each): each for each in objects}


@pytest.mark.parametrize("name", FOLDERS)
def test_nothing_is_said_of_helm(name: str) -> None:
    """Helm would take such an object for its own, and `helm list` would not know it."""
    texts = [str(each["metadata"]) for each in built(FOLDERS[name])]
    pods = [str(pod_of(built(FOLDERS[name]))["metadata"])]

    assert [text for text in texts + pods if "helm" in text.lower()] == []


@pytest.mark.parametrize("name", FOLDERS)
def test_the_names_are_the_documented_ones(name: str) -> None:
    """One namespace, and one name that everything of the operator's begins with."""
    found = [each["metadata"] for each in built(FOLDERS[name])]
    ours = [each for each in found if "aws.zakariaamine.com" not in each["name"]]
    named = {each["name"].removeprefix(NAME) for each in ours}

    assert {each.get("namespace") for each in ours} <= {NAMESPACE, None, "default"}
    assert named <= {"", NAMESPACE, "-aws-access", "-selfsigned", "-authority", "-serving"}


def _secret_rules(objects: list[Object]) -> list[dict[str, Any]]:
    roles = of_kind(objects, "ClusterRole") + of_kind(objects, "Role")
    return [rule for role in roles for rule in role["rules"] if "secrets" in rule["resources"]]


def test_one_replica_is_one_replica() -> None:
    """And no budget, which would keep its node from ever being drained."""
    objects = built(FOLDERS["one-replica"])

    assert the(objects, "Deployment")["spec"]["replicas"] == 1
    assert of_kind(objects, "PodDisruptionBudget") == []


def test_no_webhook_is_no_webhook() -> None:
    """Neither a port, nor a right to register one, nor to keep its certificates."""
    objects = built(FOLDERS["no-webhook"])
    container = container_of(objects)
    (registrations,) = [
        rule
        for rule in the(objects, "ClusterRole")["rules"]
        if rule["resources"] == ["validatingwebhookconfigurations"]
    ]

    assert [word for word in container["args"] if word.startswith("--webhook-port")] == []
    assert [port["name"] for port in container["ports"]] == ["metrics", "health"]
    assert [port["name"] for port in the(objects, "Service")["spec"]["ports"]] == [
        "metrics",
        "health",
    ]
    assert registrations["verbs"] == ["get", "delete"]
    assert not any("resourceNames" in rule for rule in _secret_rules(objects))


def test_named_secrets_are_the_only_ones() -> None:
    """No rule about Secrets is without names, and AWS keys can only be read."""
    rules = _secret_rules(built(FOLDERS["named-secrets"]))

    named = {name: set(rule["verbs"]) for rule in rules for name in rule["resourceNames"]}
    assert named.keys() == {"ecr-login", "aws-access", f"{NAME}-webhook"}
    assert named["aws-access"] == {"list", "watch"}


def test_cert_manager_makes_what_the_pod_mounts() -> None:
    """For the name of the Service; the operator keeps no authorities of its own."""
    objects = built(FOLDERS["cert-manager"])
    (volume,) = pod_of(objects)["spec"]["volumes"]
    service = the(objects, "Service")["metadata"]
    served = {
        each["spec"]["secretName"]: each["spec"].get("dnsNames")
        for each in of_kind(objects, "Certificate")
    }

    assert f"{service['name']}.{service['namespace']}.svc" in served[volume["secret"]["secretName"]]
    assert not any("resourceNames" in rule for rule in _secret_rules(objects))


@pytest.mark.parametrize(
    "path", sorted(stored()), ids=lambda path: f"{path.parent.name}-{path.name}"
)
def test_a_file_says_that_it_is_generated(path: Path) -> None:
    """Whoever would change it, changes what it is made from."""
    first = path.read_text(encoding="utf-8").splitlines()[0]

    assert first.startswith("# Generated by `make manifests`; change ")


def test_every_variant_is_in_the_reference() -> None:
    """Nobody looks for what is not said to be there."""
    documented = set(re.findall(r"^\| `([a-z-]+)` \| `[a-z]", _REFERENCE, re.MULTILINE))
    assert documented >= OVERLAYS.keys()


def test_the_kustomization_of_the_reference_sets_the_image(tmp_path: Path) -> None:
    """Beside a checkout, as it is shown."""
    (example,) = re.findall(r"```yaml\n(resources: .*?)```", _REFERENCE, re.DOTALL)
    shutil.copytree(HERE, tmp_path / "manifests")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "kustomization.yaml").write_text(example, encoding="utf-8")

    objects = built(tmp_path / "ours")

    image = container_of(objects)["image"]
    assert image.startswith("registry.example.com/kube-ecr-secrets-operator:")
    assert the(objects, "Deployment")["spec"]["replicas"] == 1
