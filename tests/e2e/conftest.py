"""A cluster with a node and two replicas of the operator, for the tests of this room."""

from collections.abc import Iterator

import pytest

from testbed.control_plane import ControlPlane
from testbed.node.image import Images
from testbed.node.node import Node
from testbed.node.programs import provide_workload
from testbed.operator import CRD, install
from tests.cluster.aws_thread import AwsThread
from tests.cluster.canaries import note_cluster
from tests.cluster.replicas import lending
from tests.cluster.replicas.cluster import Cluster
from tests.cluster.replicas.pair import Pair
from tests.cluster.replicas.pods import a_token
from tests.cluster.stage import HOST, Stage
from tests.e2e.hosts import FAR_HOSTS
from tests.e2e.workloads import Workloads

_TOLD = pytest.StashKey[list[str]]()

pair = lending.pair
stage = lending.stage


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """A cluster with the operator installed, and an AWS whose registries have every image."""
    images = Images(provide_workload())
    with ControlPlane(manifests=[CRD]) as control_plane, AwsThread(images) as aws:
        install(control_plane)
        yield Cluster(control_plane=control_plane, aws=aws, token=a_token(control_plane))
        note_cluster("e2e", control_plane)


@pytest.fixture(scope="package", autouse=True)
def node(cluster: Cluster) -> Iterator[Node]:
    """Its node, which pulls from those registries."""
    registries = dict.fromkeys((HOST, *FAR_HOSTS), cluster.aws.registry_url)
    with Node(cluster.control_plane, registries) as node:
        yield node


@pytest.fixture(scope="package")
def lasting_pair(cluster: Cluster) -> Iterator[Pair]:
    """Two replicas for all tests."""
    with Pair(cluster, "--log-level", "debug") as pair:
        yield pair


@pytest.fixture
def workloads(stage: Stage) -> Iterator[Workloads]:
    """A team in that corner."""
    made = Workloads(stage)
    yield made
    made.leave()


@pytest.fixture(scope="session")
def told(pytestconfig: pytest.Config) -> list[str]:
    """Lines for people, which are shown at the end of the run."""
    return pytestconfig.stash.setdefault(_TOLD, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests have measured and do not judge."""
    lines = terminalreporter.config.stash.get(_TOLD, [])
    if lines:
        terminalreporter.section("pods on a real node")
        terminalreporter.write("".join(f"{line}\n" for line in lines))
