"""A control plane behaves as the cluster of a user would, and says who did what."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from testbed.audit import AuditEvent
from testbed.binaries import Binaries
from testbed.control_plane import ControlPlane
from testbed.errors import ControlPlaneError
from testbed.waiting import wait_for

_SOON = timedelta(seconds=10)


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """Lend a namespace to one test."""
    name = f"test-{uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", name)
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")


def a_config_map(name: str, **metadata: Any) -> dict[str, Any]:
    """Return a manifest."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


def config_maps(namespace: str) -> str:
    """Name the path of a collection."""
    return f"/api/v1/namespaces/{namespace}/configmaps"


def has_default_account(control_plane: ControlPlane, namespace: str) -> bool:
    """Tell whether pods, and tokens, could be had in the namespace."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default"
    return control_plane.request("GET", path)[0] == 200


def test_a_new_namespace_gets_its_service_account(
    control_plane: ControlPlane, namespace: str
) -> None:
    """The controllers run, so a namespace is usable for pods without anybody's help."""
    wait_for("account", lambda: has_default_account(control_plane, namespace), _SOON)


def test_an_object_goes_with_its_owner(control_plane: ControlPlane, namespace: str) -> None:
    """Owner references work, because what we write is collected by them."""
    _, owner = control_plane.request("POST", config_maps(namespace), a_config_map("owner"))
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner["metadata"]["uid"],
    }
    owned = a_config_map("owned", ownerReferences=[reference])
    control_plane.request("POST", config_maps(namespace), owned)

    control_plane.request("DELETE", f"{config_maps(namespace)}/owner")

    path = f"{config_maps(namespace)}/owned"
    wait_for("collection", lambda: control_plane.request("GET", path)[0] == 404, _SOON)


def test_a_deleted_namespace_disappears(control_plane: ControlPlane) -> None:
    """A namespace does not stay behind in Terminating."""
    name = f"test-{uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", name)

    control_plane.kubectl("delete", "namespace", name, "--wait=false")

    path = f"/api/v1/namespaces/{name}"
    wait_for("end", lambda: control_plane.request("GET", path)[0] == 404, _SOON)


def test_the_audit_log_says_who_was_refused_what(
    control_plane: ControlPlane, namespace: str
) -> None:
    """RBAC is on, and each refusal can be found under the name of the service account."""
    wait_for("account", lambda: has_default_account(control_plane, namespace), _SOON)
    kubeconfig = control_plane.kubeconfig_for(namespace, "default")

    with pytest.raises(ControlPlaneError, match="cannot list resource"):
        control_plane.kubectl("--kubeconfig", kubeconfig, "get", "secrets", "-n", namespace)

    user = f"system:serviceaccount:{namespace}:default"

    def refused() -> list[tuple[Any, ...]]:
        return [summary(event) for event in control_plane.audit() if event.user == user][-1:]

    expected = [("list", "", "secrets", namespace, 403, "forbid", "ResponseComplete")]
    wait_for("refusal in the audit log", lambda: refused() == expected, _SOON)


def test_the_audit_log_says_what_the_administrator_did(
    control_plane: ControlPlane, namespace: str
) -> None:
    """Each request is there once: a test may count them."""
    control_plane.request("POST", config_maps(namespace), a_config_map("noted"))
    control_plane.request("GET", f"{config_maps(namespace)}/noted")

    def noted() -> list[tuple[Any, ...]]:
        return [
            summary(event)
            for event in control_plane.audit()
            if event.user == "testbed-admin"
            and (event.namespace, event.resource) == (namespace, "configmaps")
        ]

    expected = [
        ("create", "", "configmaps", namespace, 201, "allow", "ResponseComplete"),
        ("get", "", "configmaps", namespace, 200, "allow", "ResponseComplete"),
    ]
    wait_for("two entries in the audit log", lambda: noted() == expected, _SOON)


def summary(event: AuditEvent) -> tuple[Any, ...]:
    """Return what a test can know beforehand."""
    return (
        *(event.verb, event.group, event.resource, event.namespace),
        *(event.status, event.decision, event.stage),
    )


def test_a_token_is_good_for_its_account(control_plane: ControlPlane, namespace: str) -> None:
    """A kubeconfig of a service account works, with no more rights than the account has."""
    wait_for("account", lambda: has_default_account(control_plane, namespace), _SOON)
    kubeconfig = control_plane.kubeconfig_for(namespace, "default")

    answer = control_plane.kubectl("--kubeconfig", kubeconfig, "auth", "whoami", "-o=name")

    assert "selfsubjectreview" in answer
    assert kubeconfig.stat().st_mode & 0o077 == 0


def test_a_token_needs_an_account(control_plane: ControlPlane, namespace: str) -> None:
    """A mistyped account is named."""
    with pytest.raises(ControlPlaneError, match=f"token for {namespace}/nobody: 404"):
        control_plane.token_for(namespace, "nobody", 600)


def test_kubectl_reads_its_input(control_plane: ControlPlane, namespace: str) -> None:
    """A manifest can be applied from a string."""
    manifest = (
        f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: piped, namespace: {namespace}}}}}"
    )

    said = control_plane.kubectl("apply", "--server-side", "-f", "-", input=manifest)

    assert said == "configmap/piped serverside-applied\n"


def test_the_api_server_is_the_release_that_was_asked_for(control_plane: ControlPlane) -> None:
    """What is tested is a released Kubernetes, which says so itself."""
    assert control_plane.api_server_version.startswith("v1.")
    assert control_plane.kubectl("version").count(control_plane.api_server_version) == 2


def test_manifests_are_there_from_the_start(tmp_path: Path) -> None:
    """A kind given at the start is collected by owner references at once, not after 30 s."""
    crd = tmp_path / "crd.yaml"
    crd.write_text(_CRD, encoding="utf-8")
    with ControlPlane(manifests=[crd]) as own:
        path = "/apis/testbed.example/v1/things"
        thing = {
            "apiVersion": "testbed.example/v1",
            "kind": "Thing",
            "metadata": {"name": "owner"},
        }
        _, owner = own.request("POST", path, thing)
        reference = {
            "apiVersion": "testbed.example/v1",
            "kind": "Thing",
            "name": "owner",
            "uid": owner["metadata"]["uid"],
        }
        owned = a_config_map("owned", ownerReferences=[reference])
        own.request("POST", config_maps("default"), owned)

        own.request("DELETE", f"{path}/owner")

        gone = f"{config_maps('default')}/owned"
        wait_for("collection", lambda: own.request("GET", gone)[0] == 404, _SOON)


_CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.testbed.example}
spec:
  group: testbed.example
  scope: Cluster
  names: {plural: things, singular: thing, kind: Thing}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object}}
"""


def test_it_is_ready_within_ten_seconds() -> None:
    """Once built, starting it is cheap enough for a module's own: about 4 s on two cores."""
    started = time.monotonic()

    with ControlPlane():
        assert time.monotonic() - started < 10


def test_two_run_side_by_side() -> None:
    """Two checkouts, or two people on one machine, do not get in each other's way."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        one, other = pool.map(stack.enter_context, [ControlPlane(), ControlPlane()])

        one.kubectl("create", "namespace", "only-here")

        assert one.request("GET", "/api/v1/namespaces/only-here")[0] == 200
        assert other.request("GET", "/api/v1/namespaces/only-here")[0] == 404


def test_a_program_that_does_not_start_is_named(tmp_path: Path) -> None:
    """The person reads the program's own words, and nothing is left running or lying about."""
    broken = tmp_path / "etcd"
    broken.write_text("#!/bin/sh\necho disk on fire; exit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    binaries = Binaries(
        etcd=broken, kube_apiserver=broken, kube_controller_manager=broken, kubectl=None
    )
    own = ControlPlane(binaries=binaries)

    with pytest.raises(ControlPlaneError, match=r"etcd ended with exit code 3:\ndisk on fire"):
        own.__enter__()

    assert not own.folder.exists()
