"""A cluster of this room's own, where what is installed comes and goes."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from chart.generated import CHART
from testbed.control_plane import ControlPlane
from testbed.helm import provide_helm
from testbed.operator import NAMESPACE
from tests.cluster.aws_thread import AwsThread
from tests.lifecycle import original
from tests.lifecycle.place import Place
from tests.lifecycle.recipes import Shell

_NUMBERS = itertools.count()


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """It knows the original's CRD from its start, so that what objects own is collected at once."""
    manifest = tmp_path_factory.mktemp("original") / "crd.yaml"
    manifest.write_text(yaml.safe_dump(original.crd()))
    with ControlPlane(manifests=[manifest]) as started:
        yield started


@pytest.fixture(scope="package")
def aws() -> Iterator[AwsThread]:
    """A fake AWS for all."""
    with AwsThread() as started:
        yield started


@pytest.fixture
def major() -> int:
    """The Helm that is used, where a test does not choose."""
    return 4


@pytest.fixture
def place(cluster: ControlPlane, aws: AwsThread, tmp_path: Path, major: int) -> Iterator[Place]:
    """Two namespaces and a shell with kubectl and that Helm; what a test leaves is gone after."""
    programs = tmp_path / "bin"
    programs.mkdir()
    assert cluster.programs.kubectl is not None
    (programs / "kubectl").symlink_to(cluster.programs.kubectl)
    (programs / "helm").symlink_to(provide_helm(major))
    number = next(_NUMBERS)
    made = Place(
        cluster=cluster,
        aws=aws,
        key=aws.new_key(),
        shell=Shell(folder=tmp_path, kubeconfig=cluster.kubeconfig),
        chart=str(CHART),
        shop=f"shop-{number}",
        blog=f"blog-{number}",
    )
    made.make()
    yield made
    _clean(made)


def _clean(place: Place) -> None:
    """Leave nothing but the CRD and namespaces, whatever a test did."""
    kubectl = place.cluster.kubectl
    configurations = "mutatingwebhookconfigurations,validatingwebhookconfigurations"
    kubectl("delete", configurations, "--all")
    for release in json.loads(place.shell.run("helm list --all-namespaces --output=json", {})):
        words = f"helm uninstall {release['name']} --namespace={release['namespace']}"
        place.shell.run(words, {})
    if place.names("crd"):
        kubectl("delete", "awsecrcredentials", "--all")
    everywhere = "clusterroles,clusterrolebindings,validatingadmissionpolicies"
    ours = "--selector=app.kubernetes.io/name=kube-ecr-secrets-operator"
    kubectl("delete", f"{everywhere},validatingadmissionpolicybindings", ours)
    if f"namespace/{NAMESPACE}" in place.names("namespaces"):
        kubectl("delete", "leases,secrets", "--all", f"--namespace={NAMESPACE}")
