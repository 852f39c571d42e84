"""Releases come, change, live side by side and go, on a real API server, by Helm 3 and 4."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chart.generated import CHART
from testbed.control_plane import ControlPlane
from testbed.helm import MAJORS
from tests.helm.helm import Helm, Values
from tests.helm.matrix import A_CREDENTIAL

_WITH: Values = {"credentials": [A_CREDENTIAL]}
_NAME = str(A_CREDENTIAL["name"])


@pytest.fixture(scope="module")
def bare() -> Iterator[ControlPlane]:
    """A cluster that has never heard of the operator."""
    with ControlPlane() as started:
        yield started


class Site:
    """The cluster in the hands of one Helm."""

    def __init__(self, cluster: ControlPlane, helm: Helm) -> None:
        self.cluster = cluster
        self._helm = replace(helm, kubeconfig=cluster.kubeconfig)

    def install(self, name: str, namespace: str, values: Values | None = None) -> str:
        words = ("install", name, str(CHART), f"--namespace={namespace}", "--create-namespace")
        return self._helm.run(*words, values=values or {})

    def try_to_install(self, name: str, namespace: str, values: Values) -> str:
        words = ("install", name, str(CHART), f"--namespace={namespace}", "--create-namespace")
        return self._helm.refusal(*words, values=values)

    def upgrade(self, name: str, namespace: str, values: Values | None = None) -> None:
        words = ("upgrade", name, str(CHART), f"--namespace={namespace}")
        self._helm.run(*words, values=values or {})

    def rollback(self, name: str, namespace: str) -> None:
        self._helm.run("rollback", name, "1", f"--namespace={namespace}")

    def uninstall(self, name: str, namespace: str) -> None:
        self._helm.run("uninstall", name, f"--namespace={namespace}")

    def releases(self) -> list[tuple[str, str]]:
        found = json.loads(self._helm.run("list", "--all-namespaces", "--output=json"))
        return [(each["name"], each["namespace"]) for each in found]

    def uid(self) -> str | None:
        """Return the uid of the credential; None: it is not there."""
        words = (
            "get",
            "awsecrcredential",
            _NAME,
            "--ignore-not-found",
            "-o=jsonpath={.metadata.uid}",
        )
        return self.cluster.kubectl(*words) or None

    def names(self, kind: str, *options: str) -> list[str]:
        return self.cluster.kubectl("get", kind, "-o=name", *options).split()

    def clean(self) -> None:
        """Leave nothing, not even the CRD, whatever a test did."""
        for name, namespace in self.releases():
            self.uninstall(name, namespace)
        crd = "crd/awsecrcredentials.aws.zakariaamine.com"
        self.cluster.kubectl("delete", crd, "--ignore-not-found", "--wait")


@pytest.fixture(params=MAJORS, ids=lambda major: f"helm{major}")
def site(
    request: pytest.FixtureRequest, bare: ControlPlane, helms: dict[int, Helm]
) -> Iterator[Site]:
    """The bare cluster in the hands of each Helm in turn."""
    made = Site(bare, helms[request.param])
    yield made
    made.clean()


def test_one_installation_brings_the_kind_and_objects_of_it(site: Site) -> None:
    """And what comes later changes the object in place: with it would go its pull secrets."""
    site.install("ecr", "one", _WITH)
    uids = [site.uid()]
    site.upgrade("ecr", "one", _WITH)
    uids.append(site.uid())
    site.upgrade("ecr", "one")  # the list is empty now
    uids.append(site.uid())
    site.rollback("ecr", "one")
    uids.append(site.uid())
    site.uninstall("ecr", "one")
    uids.append(site.uid())
    site.install("ecr", "one", _WITH)
    uids.append(site.uid())

    assert uids[0] is not None
    assert set(uids) == {uids[0]}


def test_objects_go_with_the_release_if_that_is_asked_for(site: Site) -> None:
    """From the upgrade on that makes them the release's own."""
    values = {**_WITH, "keepCredentials": False}
    site.install("ecr", "one", values)
    site.upgrade("ecr", "one", values)
    before = site.uid()

    site.uninstall("ecr", "one")

    assert before is not None
    assert site.uid() is None


def test_nothing_but_the_kind_is_left(site: Site) -> None:
    """No role, no policy, nothing that could stand in somebody's way."""
    ours = "--selector=app.kubernetes.io/name=kube-ecr-secrets-operator"
    kinds = "all,sa,role,rolebinding,pdb,secret,cm,lease,netpol"
    everywhere = "clusterrole,clusterrolebinding,validatingadmissionpolicy"
    site.install("ecr", "one", {"networkPolicy": {"enabled": True}})
    assert site.names(kinds, ours, "--namespace=one")
    assert len(site.names(everywhere, ours)) == 3

    site.uninstall("ecr", "one")

    site.cluster.kubectl("wait", "--for=delete", "pod", ours, "--namespace=one", "--timeout=30s")
    assert site.names("deploy,svc,sa,role,rolebinding,pdb,netpol", ours, "--namespace=one") == []
    assert site.names(everywhere, ours) == []
    assert site.names("crd", ours) == [
        "customresourcedefinition.apiextensions.k8s.io/awsecrcredentials.aws.zakariaamine.com"
    ]


def test_two_releases_live_side_by_side(site: Site) -> None:
    """In one namespace or two, whatever they are called; one goes without harm to the others."""
    second: Values = {"crds": {"install": False}}
    site.install("ecr", "one")
    site.install("ecr", "two", second)
    site.install("other", "one", second)

    site.uninstall("ecr", "one")

    assert site.names("deployment", "--namespace=one") == [
        "deployment.apps/other-kube-ecr-secrets-operator"
    ]
    assert site.names("deployment", "--namespace=two") == [
        "deployment.apps/ecr-kube-ecr-secrets-operator"
    ]
    assert len(site.names("clusterrole", "--selector=app.kubernetes.io/instance=ecr")) == 1


def test_the_second_release_is_told_that_the_kind_is_taken(site: Site) -> None:
    """Rather than that it takes it away from the first."""
    site.install("ecr", "one")

    said = site.try_to_install("ecr", "two", {})

    assert "awsecrcredentials.aws.zakariaamine.com" in said
    assert "meta.helm.sh/release-namespace" in said
