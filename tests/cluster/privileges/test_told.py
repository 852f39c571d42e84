"""What the operator is denied, it names: verb, resource, where, and what would grant it."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from testbed.control_plane import ControlPlane
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT, Operator
from tests.cluster.aws_thread import AwsThread
from tests.cluster.privileges.profiles import PREFIX, SHOP
from tests.cluster.privileges.release import CLUSTER_NAME, REGISTRATION, Release
from tests.cluster.stage import HEALED, Site, Stage

_MERGE = "application/merge-patch+json"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_CLUSTER_ROLE = f"{_RBAC}/clusterroles/{CLUSTER_NAME}"
_ROLE = f"{_RBAC}/namespaces/{NAMESPACE}/roles/{SERVICE_ACCOUNT}"
_WEBHOOKS = "validatingwebhookconfigurations"
_CLUSTERS = "the ClusterRole of the chart or of manifests/install.yaml"

# By what was denied: which words have to be in the message besides.
EXPECTED = {
    "a secretName that is not listed": [
        'cannot list resource "secrets"',
        'secrets "unlisted-login"',
        'in the namespace "',
        "rbac.secretNames",
    ],
    "a namespace that is not listed": ["elsewhere", "--namespaces", "rbac.namespaces"],
    "AWS keys that are not listed": [
        'cannot list resource "secrets"',
        'secrets "unlisted-keys"',
        'in the namespace "default"',
        "rbac.awsAccessSecrets",
    ],
    "events": [' resource "events"', 'in the namespace "default"', _CLUSTERS],
    "status": [
        'cannot patch resource "awsecrcredentials/status"',
        f'"{PREFIX}-plain"',
        _CLUSTERS,
    ],
    "webhook": [
        f'cannot get resource "{_WEBHOOKS}"',
        f'"{CLUSTER_NAME}"',
        _CLUSTERS,
    ],
    "lease": [
        'cannot patch resource "leases"',
        f'"{SERVICE_ACCOUNT}"',
        f'in the namespace "{NAMESPACE}"',
        "the Role of the chart or of manifests/install.yaml",
    ],
}


@pytest.fixture(scope="module")
def stage(
    cluster: ControlPlane,
    aws: AwsThread,
    release: Release,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    """An operator with rights on some names in some namespaces."""
    folder: Path = tmp_path_factory.mktemp("files")
    with (
        Operator(cluster, aws.environment(), arguments=release.arguments(folder)) as operator,
        Stage(Site(control_plane=cluster, aws=aws, operator=operator)) as made,
    ):
        made.prefix = PREFIX
        yield made
        sys.stderr.write(operator.log_text()[-8000:])  # pytest shows it if the test failed


@pytest.fixture(scope="module")
def told(stage: Stage, release: Release) -> dict[str, str]:
    """What it says of each, in the object's status or in the log."""
    stage.set_aws_access()
    plain = stage.set_credential([SHOP], short="plain")
    stage.until("it is served", lambda: stage.is_ready(plain))
    asked: dict[str, dict[str, Any]] = {
        "a secretName that is not listed": {"secretName": "unlisted-login"},
        "AWS keys that are not listed": {"awsAccess": {"secretName": "unlisted-keys"}},
    }
    names = {what: _ask(stage, number, spec) for number, (what, spec) in enumerate(asked.items())}
    said = {"a namespace that is not listed": _told_of_the_namespace(stage)}
    for what, name in names.items():
        stage.until(what, partial(_is_told, stage, name), HEALED)
        said[what] = _message(stage, name)
    return said | _told_of_roles(stage, release, plain)


def _ask(stage: Stage, number: int, spec: dict[str, Any]) -> str:
    return stage.set_credential([SHOP], short=f"denied-{number}", **spec)


def _is_told(stage: Stage, name: str) -> bool:
    return _message(stage, name) != ""


def _message(stage: Stage, name: str) -> str:
    conditions = stage.status(name).get("conditions", [])
    return next((each["message"] for each in conditions if each["reason"] == "Forbidden"), "")


def _told_of_the_namespace(stage: Stage) -> str:
    name = stage.set_credential([SHOP, "elsewhere"], short="outside", secretName="other-login")
    stage.until(
        "it is out of scope", lambda: stage.condition(name, "Degraded") == ("True", "OutOfScope")
    )
    (failure,) = stage.status(name)["failures"]
    assert failure["namespace"] == "elsewhere"
    return str(failure["message"])


def _told_of_roles(stage: Stage, release: Release, credential: str) -> dict[str, str]:
    """Take rules away under a running operator, and make it need them."""
    _without(stage, release, _CLUSTER_ROLE, "events", "awsecrcredentials/status", _WEBHOOKS)
    stage.site.control_plane.request("DELETE", REGISTRATION)
    stage.api.delete("Secret", "ecr-login", SHOP)  # which is told of in an Event
    stage.set_credential([SHOP, "outside-as-well"], short="plain")
    said = {
        "events": _logged(stage, 'resource "events"'),
        "status": _logged(stage, f'"{credential}" is forbidden'),
        "webhook": _logged(stage, f'resource "{_WEBHOOKS}"'),
    }
    _without(stage, release, _CLUSTER_ROLE)
    stage.until("it is well again", lambda: stage.condition(credential)[1] == "OutOfScope", HEALED)
    _without(stage, release, _ROLE, "leases")
    return said | {"lease": _logged(stage, 'resource "leases"')}


def _without(stage: Stage, release: Release, path: str, *resources: str) -> None:
    kind = "ClusterRole" if path == _CLUSTER_ROLE else "Role"
    role = release.role(kind, path.rpartition("/")[2])
    kept = [rule for rule in role["rules"] if not set(rule["resources"]) & set(resources)]
    status, _ = stage.site.control_plane.request(
        "PATCH", path, {"rules": kept}, content_type=_MERGE
    )
    assert status == 200


def _logged(stage: Stage, words: str) -> str:
    """Wait for the log line that holds them, and return it."""

    def found() -> str:
        errors = (str(line.get("error", "")) for line in stage.operator.log())
        return next((error for error in errors if words in error), "")

    stage.until(f"the log says {words}", lambda: bool(found()), HEALED)
    return found()


@pytest.mark.parametrize("release", ["names-in-namespaces"], indirect=True)
@pytest.mark.parametrize(
    "what", [pytest.param(each, id=each.replace(" ", "-")) for each in EXPECTED]
)
def test_what_is_denied_is_named_with_its_remedy(told: dict[str, str], what: str) -> None:
    """An administrator reads which rule is missing and where it is granted."""
    assert [words for words in EXPECTED[what] if words not in told[what]] == [], told[what]
