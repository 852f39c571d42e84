"""Away, in every order: nothing is left that bars anybody's way. Comes last: it takes the CRD."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ecr_secrets.core.spec import KIND
from testbed.helm import MAJORS
from testbed.operator import NAMESPACE, install
from tests.lifecycle.place import CREDENTIAL, SECRET, Place
from tests.lifecycle.recipes import sections, variables

_CRD = "customresourcedefinition.apiextensions.k8s.io/awsecrcredentials.aws.zakariaamine.com"
_EVERYWHERE = (
    "clusterroles,clusterrolebindings,validatingadmissionpolicies,"
    "validatingadmissionpolicybindings,validatingwebhookconfigurations"
)


@contextmanager
def _at_work(place: Place, *, static: bool = False) -> Iterator[None]:
    """Install the operator, have it serve both namespaces, and be asked about pods."""
    if static:
        install(place.cluster)
    else:
        place.install()
    place.cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", _CRD)
    with place.operator():
        place.ask_for()
        place.until("it is served", lambda: place.condition()[0] == "True")
        place.until("pods are asked about", lambda: _registered(place) != [])
        yield


def _registered(place: Place) -> list[str]:
    return place.names("validatingwebhookconfigurations")


def _bars_nobody(place: Place) -> None:
    """Wait until nothing of ours is left cluster-wide, and see that pods and Secrets are free."""
    place.until("nothing of ours is left", lambda: _left_everywhere(place) == [])
    assert place.admits()[0] == 201
    for each in place.secrets():
        assert "finalizers" not in each["metadata"]


def _left_everywhere(place: Place) -> list[str]:
    return [name for name in place.names(_EVERYWHERE) if "kube-ecr-secrets" in name]


def _go(place: Place) -> None:
    place.until("the pull secrets are gone", lambda: place.secrets() == [])


def _all_pull(place: Place) -> bool:
    return place.pulls(place.shop) and place.pulls(place.blog)


def _is_gone(place: Place) -> bool:
    return f"namespace/{NAMESPACE}" not in place.names("namespaces")


def test_objects_first(place: Place) -> None:
    """Their pull secrets go with them; what is installed goes without a trace."""
    with _at_work(place):
        place.follow("Objects first")

    _go(place)
    _bars_nobody(place)
    assert _is_gone(place)
    assert place.api.list(KIND) == []


def test_chart_first(place: Place) -> None:
    """Pull secrets stay and can pull; they go with the objects, although nobody runs any more."""
    with _at_work(place):
        place.follow("Chart first")
    before = place.secrets()

    _bars_nobody(place)
    assert _all_pull(place)
    assert place.api.find(KIND, CREDENTIAL) is not None
    left = place.names("leases,secrets,deployments,services", f"--namespace={NAMESPACE}")
    assert set(left) == {
        "lease.coordination.k8s.io/kube-ecr-secrets-operator",
        "secret/kube-ecr-secrets-operator-webhook",
    }
    place.follow("Objects that are left")
    _go(place)
    assert len(before) == 2


def test_namespace_first(place: Place) -> None:
    """Pods are free from the first moment on, and the rest is found by its label."""
    with _at_work(place):
        place.cluster.kubectl("delete", "namespace", NAMESPACE)
        assert place.admits()[0] == 201
    assert _registered(place) != []  # and nobody answers
    assert place.admits()[0] == 201
    assert _all_pull(place)

    place.cluster.kubectl("create", "namespace", NAMESPACE)  # so that the section can be read whole
    place.follow("Namespace first")

    _bars_nobody(place)
    assert _all_pull(place)
    place.follow("Objects that are left")
    _go(place)


def test_pull_secrets_kept(place: Place) -> None:
    """They stay in place as anybody's, also while the operator is at work."""
    with _at_work(place):
        before = [each["metadata"]["uid"] for each in place.secrets()]
        place.follow("Pull secrets kept")
        place.until(
            "they belong to nobody",
            lambda: not any(each["metadata"].get("ownerReferences") for each in place.secrets()),
        )
        place.follow("Chart first")

    _bars_nobody(place)
    assert [each["metadata"]["uid"] for each in place.secrets()] == before
    assert _all_pull(place)


def test_static_manifests(place: Place) -> None:
    """One command takes it all: the CRD is in the file, and with it go objects and pull secrets."""
    with _at_work(place, static=True):
        place.shell.run('ln -s "$ROOT/manifests" manifests', {"ROOT": _root(place)})
        place.follow("Static manifests")

    _go(place)
    _bars_nobody(place)
    assert _is_gone(place)
    assert place.names("crd") == []


def test_one_replica_instead_of_two(place: Place) -> None:
    """The budget that is left would keep the node of the only one from being drained."""
    place.shell.run('ln -s "$ROOT/manifests" manifests', {"ROOT": _root(place)})
    place.shell.run("kubectl apply --kustomize=manifests/base", {})
    place.shell.run("kubectl apply --kustomize=manifests/overlays/one-replica", {})
    left = place.names("poddisruptionbudgets", f"--namespace={NAMESPACE}")

    place.follow("One replica instead of two")

    assert len(left) == 1
    assert place.names("poddisruptionbudgets", f"--namespace={NAMESPACE}") == []
    place.shell.run("kubectl delete --kustomize=manifests/overlays/one-replica", {})
    assert place.names("crd") == []


def test_crd_first(place: Place) -> None:
    """Objects and pull secrets go; the operator lives through it, and serves a CRD that is back."""
    with _at_work(place):
        place.follow("CRD first")
        _go(place)
    place.follow("Chart first")

    _bars_nobody(place)
    assert place.names("crd") == []


_WITH_VALUES = 'helm upgrade "$RELEASE" "$CHART" --namespace "$NAMESPACE" --values=values.yaml'
each_major = pytest.mark.parametrize("major", MAJORS, ids=lambda major: f"helm{major}")


def _brought_by_the_chart(place: Place, *, keep: bool) -> None:
    """Have the release bring the object as well, and take the CRD from it."""
    place.install()
    place.cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", _CRD)
    spec = {"secretName": SECRET, "namespaces": [place.shop, place.blog]}
    values = {"keepCredentials": keep, "credentials": [{"name": CREDENTIAL, "spec": spec}]}
    (place.shell.folder / "values.yaml").write_text(json.dumps(values))
    _run(place, _WITH_VALUES)
    assert place.api.find(KIND, CREDENTIAL) is not None
    place.follow("CRD first")
    # Helm remembers for a while which kinds there were; a pipeline, or tomorrow's Helm, does not.
    place.shell.run("rm -rf .kube", {})


def _run(place: Place, command: str) -> None:
    place.shell.run(command, {**variables(), "CHART": place.chart})


@pytest.mark.parametrize("keep", [pytest.param(True, id="kept"), pytest.param(False, id="passing")])
@each_major
def test_crd_first_where_the_chart_brought_objects(place: Place, *, keep: bool) -> None:
    """Helm cannot look up what it was to delete, so it is told to leave that be."""
    _brought_by_the_chart(place, keep=keep)

    place.follow("Chart without its CRD")

    _bars_nobody(place)
    assert json.loads(place.shell.run("helm list --all-namespaces --output=json", {})) == []


@each_major
def test_a_crd_that_is_back_lets_the_release_go_on(place: Place) -> None:
    """Helm can do nothing before; then an upgrade makes the objects of the values anew."""
    _brought_by_the_chart(place, keep=False)
    for refused in (_WITH_VALUES, sections()["Roll back"]):
        _run(place, f"! {refused}")

    place.follow("Hand the kind over")
    place.cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", _CRD)
    place.follow("Roll back")
    _run(place, _WITH_VALUES)

    assert place.api.find(KIND, CREDENTIAL) is not None
    place.follow("Chart first")
    assert place.api.find(KIND, CREDENTIAL) is None
    _bars_nobody(place)


def _root(place: Place) -> str:
    return place.chart.removesuffix("/chart/kube-ecr-secrets-operator")
