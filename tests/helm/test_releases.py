"""Releases come, change, live side by side and go, on a real API server, by Helm 3 and 4."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chart.generated import CHART
from testbed.control_plane import ControlPlane
from testbed.helm import MAJORS
from testbed.waiting import wait_for
from tests.helm.helm import Helm, Values
from tests.helm.matrix import A_CREDENTIAL

_WITH: Values = {"credentials": [A_CREDENTIAL]}
_PASSING: Values = {**_WITH, "keepCredentials": False}
_NAME = str(A_CREDENTIAL["name"])
_CRD = "crd/awsecrcredentials.aws.zakariaamine.com"
# A busy API server looks for a minute whether objects are left, and then once more.
_GONE = timedelta(seconds=150)
_GO_BACK = {3: "--atomic", 4: "--rollback-on-failure"}


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

    def upgrade_in_vain(self, name: str, namespace: str, values: Values) -> None:
        """Have it fail, and Helm go back by itself."""
        words = ("upgrade", name, str(CHART), f"--namespace={namespace}", "--timeout=2s")
        self._helm.refusal(*words, _GO_BACK[self._helm.major], values=values)

    def rollback(self, name: str, namespace: str) -> None:
        self._helm.run("rollback", name, "1", f"--namespace={namespace}")

    def uninstall(self, name: str, namespace: str) -> None:
        self._helm.run("uninstall", name, f"--namespace={namespace}")

    def releases(self) -> dict[tuple[str, str], int]:
        """Return the revision of each, by name and namespace."""
        words = ("list", "--all-namespaces", "--output=json")
        found = json.loads(self._helm.run(*words))
        return {(each["name"], each["namespace"]): int(each["revision"]) for each in found}

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
        self.cluster.kubectl("delete", _CRD, "--ignore-not-found", "--wait=false")
        # Not with --wait: our kubectl is given a minute, and the API server takes as long at times.
        wait_for("the CRD has gone", lambda: not self.names("crd"), _GONE)


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


@pytest.mark.parametrize("upgrades", [0, 1], ids=["at-once", "upgraded"])
def test_objects_go_with_the_release_if_that_is_asked_for(site: Site, upgrades: int) -> None:
    """Whether Helm has made them as hooks or as ordinary objects."""
    site.install("ecr", "one", _PASSING)
    for _ in range(upgrades):
        site.upgrade("ecr", "one", _PASSING)
    before = site.uid()

    site.uninstall("ecr", "one")

    assert before is not None
    assert site.uid() is None


def test_nothing_but_uninstalling_takes_objects_away(site: Site) -> None:
    """Not a rollback to where they were hooks, nor a list without them, nor one from there."""
    site.install("ecr", "one", _PASSING)
    uids = [site.uid()]
    site.upgrade("ecr", "one", _PASSING)
    site.rollback("ecr", "one")
    uids.append(site.uid())
    site.upgrade("ecr", "one", _PASSING)
    site.upgrade("ecr", "one", {"keepCredentials": False})
    uids.append(site.uid())
    site.rollback("ecr", "one")
    uids.append(site.uid())

    assert uids[0] is not None
    assert set(uids) == {uids[0]}


def test_an_upgrade_that_fails_takes_no_object_away(site: Site) -> None:
    """Also the first, after which Helm goes back to where the objects were hooks."""
    site.install("ecr", "one", _PASSING)
    before = site.uid()

    refused = {"extraEnv": [{"name": "A", "value": {}}]}
    site.upgrade_in_vain("ecr", "one", {**_PASSING, **refused})

    assert site.releases() == {("ecr", "one"): 3}
    assert before is not None
    assert site.uid() == before


def test_what_is_left_can_be_handed_over_to_another_release(site: Site) -> None:
    """By two annotations, with the object and so its pull secrets kept."""
    site.install("ecr", "one", _WITH)
    site.uninstall("ecr", "one")
    before = site.uid()
    assert "invalid ownership metadata" in site.try_to_install("other", "two", _WITH)

    marks = ("meta.helm.sh/release-name=other", "meta.helm.sh/release-namespace=two")
    for left in (_CRD, f"awsecrcredential/{_NAME}"):
        site.cluster.kubectl("annotate", left, "--overwrite", *marks)
    site.install("other", "two", _WITH)

    assert before is not None
    assert site.uid() == before


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
