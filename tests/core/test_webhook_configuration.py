"""The webhook configuration cannot hurt: it asks about few pods, and waits briefly."""

from base64 import b64decode
from typing import Any

import pytest

from ecr_secrets.core.webhook_configuration import (
    MAX_NAMES,
    Owner,
    Registration,
    ServiceEndpoint,
    render_configuration,
)

SERVICE = ServiceEndpoint(namespace="ecr", name="webhook", port=443)


def _webhook(**differs: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "endpoint": SERVICE,
        "ca_bundle": b"PEM",
        "secret_names": frozenset({"ecr-login", "a.b"}),
        "namespace": "ecr",
        "owner": None,
    }
    manifest = render_configuration(Registration(**(fields | differs)))
    (webhook,) = manifest["webhooks"]
    assert isinstance(webhook, dict)
    return webhook


def test_whatever_fails_pods_flow() -> None:
    """Promise 4: failures are ignored, and the answer is not waited for longer than 2 s."""
    webhook = _webhook()

    assert webhook["failurePolicy"] == "Ignore"
    assert webhook["timeoutSeconds"] == 2
    assert webhook["sideEffects"] == "NoneOnDryRun"


def test_our_own_pods_and_those_of_the_system_are_never_asked_about() -> None:
    """The operator can start without itself."""
    (expression,) = _webhook()["namespaceSelector"]["matchExpressions"]

    assert expression == {
        "key": "kubernetes.io/metadata.name",
        "operator": "NotIn",
        "values": ["ecr", "kube-system"],
    }


def test_only_pods_that_name_a_managed_secret_are_asked_about() -> None:
    """All others pass without a call."""
    rules = {each["name"]: each["expression"] for each in _webhook()["matchConditions"]}

    assert rules["names-a-managed-secret"].endswith("s.name in ['a.b', 'ecr-login'])")
    assert rules.keys() == {
        "not-a-mirror-pod",
        "new-or-another-image",
        "names-a-managed-secret",
    }


@pytest.mark.parametrize(
    ("count", "listed"),
    [
        pytest.param(MAX_NAMES, True, id="as-many-as-fit"),
        pytest.param(MAX_NAMES + 1, False, id="one-too-many"),
    ],
)
def test_more_names_than_an_expression_should_hold_are_left_to_us(
    count: int, *, listed: bool
) -> None:
    """Then every pod is asked about, and answered from memory."""
    names = frozenset(f"name-{number}" for number in range(count))

    conditions = {each["name"] for each in _webhook(secret_names=names)["matchConditions"]}

    assert ("names-a-managed-secret" in conditions) is listed


def test_inside_the_cluster_the_service_is_named() -> None:
    """With the port and the path that it serves."""
    config = _webhook()["clientConfig"]

    assert config["service"] == {
        "namespace": "ecr",
        "name": "webhook",
        "port": 443,
        "path": "/validate-pods",
    }
    assert b64decode(config["caBundle"]) == b"PEM"


def test_outside_the_cluster_the_url_is_named() -> None:
    """The way a developer runs it against kind."""
    config = _webhook(endpoint="https://127.0.0.1:9443/")["clientConfig"]

    assert config["url"] == "https://127.0.0.1:9443/validate-pods"
    assert "service" not in config


def test_uninstalling_the_role_collects_the_configuration() -> None:
    """Nothing that asks a webhook which is gone stays behind."""
    registration = Registration(
        endpoint=SERVICE,
        ca_bundle=b"PEM",
        secret_names=frozenset({"ecr-login"}),
        namespace="ecr",
        owner=Owner(name="operator", uid="u1"),
    )

    (owner,) = render_configuration(registration)["metadata"]["ownerReferences"]

    assert (owner["kind"], owner["name"], owner["uid"]) == ("ClusterRole", "operator", "u1")
