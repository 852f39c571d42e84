"""A control plane on which one choice of rights after the other is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.control_plane import ControlPlane
from testbed.helm import provide_helm
from testbed.operator import CRD, NAMESPACE, SERVICE_ACCOUNT
from tests.cluster.api import Api
from tests.cluster.aws_thread import AwsThread
from tests.cluster.privileges.intruder import Intruder
from tests.cluster.privileges.profiles import BLOG, PROFILES, SHOP
from tests.cluster.privileges.release import Release
from tests.helm.helm import Helm


@pytest.fixture(scope="package")
def cluster() -> Iterator[ControlPlane]:
    """A cluster of this room's own: elsewhere an operator is at work."""
    with ControlPlane(manifests=[CRD]) as started:
        for name in (NAMESPACE, SHOP, BLOG):
            metadata = {"name": name}
            Api(started).create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        yield started


@pytest.fixture(scope="package")
def aws() -> Iterator[AwsThread]:
    """A fake AWS for all."""
    with AwsThread() as started:
        yield started


@pytest.fixture(scope="package")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """A Helm that only renders."""
    folder: Path = tmp_path_factory.mktemp("helm")
    nowhere = folder / "kubeconfig"
    nowhere.touch()
    return Helm(major=4, program=provide_helm(4), folder=folder, kubeconfig=nowhere)


@pytest.fixture(scope="module")
def release(request: pytest.FixtureRequest, cluster: ControlPlane, helm: Helm) -> Iterator[Release]:
    """One of the profiles, named by the test."""
    with Release(cluster, helm, PROFILES[request.param]) as installed:
        yield installed


@pytest.fixture(scope="module")
def intruder(cluster: ControlPlane, release: Release) -> Intruder:
    """Whoever holds the token of the release's ServiceAccount."""
    return Intruder(cluster, cluster.token_for(NAMESPACE, SERVICE_ACCOUNT))
