"""The API server accepts every object of chart and manifests, where `restricted` is enforced."""

import json
from collections.abc import Iterator

import pytest

from manifests.install import NAMESPACE as MANIFESTS_NAMESPACE
from manifests.install import install
from testbed.control_plane import ControlPlane
from testbed.errors import ControlPlaneError
from testbed.operator import INSTALL
from tests.helm.helm import KNOWN, Helm, Object, Values, the
from tests.helm.matrix import ODD_NAMES, VALUES, odd_values
from tests.helm.others import make_kinds_of_others, remove_kinds_of_others
from tests.manifests.kustomize import FOLDERS, built

_NAMESPACE = "helm-dry-run"
_NAMESPACES = (_NAMESPACE, *ODD_NAMES)


def _stream(objects: list[Object]) -> str:
    return "\n---\n".join(json.dumps(each) for each in objects)


@pytest.fixture(scope="module")
def cluster(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """The shared control plane with the kinds of others and a restricted namespace."""
    enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": _NAMESPACE, "labels": enforced},
    }
    cluster = control_plane
    cluster.kubectl("apply", "--server-side", "--filename=-", input=_stream([namespace]))
    # That of the static manifests, which are applied with it and cannot be tried without it.
    cluster.kubectl("apply", "--server-side", f"--filename={FOLDERS['base'] / 'namespace.yaml'}")
    make_kinds_of_others(cluster)
    yield cluster
    cluster.kubectl("delete", "--wait=false", "--ignore-not-found", "namespace", *_NAMESPACES)
    remove_kinds_of_others(cluster)


# As if it were to apply them; unknown fields are errors.
_DRY = (
    *("apply", "--server-side", "--force-conflicts"),
    *("--dry-run=server", "--validate=strict"),
)


def _try(cluster: ControlPlane, objects: list[Object]) -> None:
    """Have the API server look at objects.

    Raises:
        ControlPlaneError: it refuses one.
    """
    cluster.kubectl(*_DRY, "--filename=-", input=_stream(objects))


def _pod(objects: list[Object], ns: str = _NAMESPACE) -> Object:
    """Return the operator's pod, for which no ServiceAccount has to exist."""
    template = the(objects, "Deployment")["spec"]["template"]
    metadata = {**template["metadata"], "name": "tried", "namespace": ns}
    spec = {**template["spec"], "serviceAccountName": "default"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


@pytest.mark.parametrize(
    "values", [pytest.param(values, id=name) for name, values in VALUES.items()]
)
def test_the_api_server_takes_every_object(
    cluster: ControlPlane, helm4: Helm, values: Values
) -> None:
    """And the pod: of a Deployment it only warns that its pods would be refused."""
    objects = helm4.render(values, KNOWN, ns=_NAMESPACE)

    _try(cluster, [*objects, _pod(objects)])


@pytest.mark.parametrize("name", ODD_NAMES)
def test_it_takes_names_that_yaml_reads_otherwise(
    cluster: ControlPlane, helm4: Helm, name: str
) -> None:
    """Such as a release called 123 in a namespace called true."""
    values = {**odd_values(name), "priorityClassName": "", "runtimeClassName": ""}

    objects = helm4.render(values, KNOWN, "--kube-version=1.36.0", name=name, ns=name)

    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    cluster.kubectl("apply", "--server-side", "--filename=-", input=_stream([namespace]))
    _try(cluster, objects)


def test_it_takes_every_object_of_the_file(cluster: ControlPlane) -> None:
    """`install.yaml`, as `kubectl apply -f` sends it."""
    cluster.kubectl(*_DRY, f"--filename={INSTALL}")

    _try(cluster, [_pod(install(), MANIFESTS_NAMESPACE)])


@pytest.mark.parametrize("name", FOLDERS)
def test_it_takes_every_object_of_a_kustomization(cluster: ControlPlane, name: str) -> None:
    """Base and overlays, as `kubectl apply -k` sends them: the policy before the rights."""
    said = cluster.kubectl(*_DRY, f"--kustomize={FOLDERS[name]}")

    kinds = [line.partition(".")[0] for line in said.splitlines()]
    assert kinds.index("validatingadmissionpolicybinding") < kinds.index("clusterrolebinding")
    _try(cluster, [_pod(built(FOLDERS[name]), MANIFESTS_NAMESPACE)])


def test_the_standard_is_really_enforced(cluster: ControlPlane, helm4: Helm) -> None:
    """Pods on the node's network are refused there; otherwise the test above shows nothing."""
    objects = helm4.render({"hostNetwork": True}, ns=_NAMESPACE)

    with pytest.raises(ControlPlaneError, match="restricted"):
        _try(cluster, [_pod(objects)])


def test_unknown_fields_are_really_refused(cluster: ControlPlane, helm4: Helm) -> None:
    """A misspelt field of the templates would otherwise be dropped in silence."""
    service = the(helm4.render(ns=_NAMESPACE), "Service")
    service["spec"]["port"] = 1

    with pytest.raises(ControlPlaneError, match=r"unknown field|field not declared"):
        _try(cluster, [service])
