"""Two replicas on a control plane of their own, for the tests of this room."""

import sys
from collections.abc import Iterator

import pytest

from testbed.control_plane import ControlPlane
from testbed.operator import CRD, install
from tests.cluster.aws_thread import AwsThread
from tests.cluster.replicas.cluster import Cluster
from tests.cluster.replicas.pair import Pair
from tests.cluster.replicas.pods import a_token
from tests.cluster.stage import Site, Stage

_FLAGS = ("--log-level", "debug")
_LOG_SHOWN = 8000  # characters of each, with a test that failed


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """A cluster without replicas."""
    with ControlPlane(manifests=[CRD]) as control_plane, AwsThread() as aws:
        install(control_plane)
        yield Cluster(control_plane=control_plane, aws=aws, token=a_token(control_plane))


@pytest.fixture(scope="module")
def lasting_pair(cluster: Cluster) -> Iterator[Pair]:
    """Two replicas for all tests of a file."""
    with Pair(cluster, *_FLAGS) as pair:
        yield pair


@pytest.fixture
def pair(lasting_pair: Pair) -> Iterator[Pair]:
    """Two replicas, both up; a test may do to them what it likes."""
    lasting_pair.until_whole()
    yield lasting_pair
    for name, operator in lasting_pair.replicas.items():  # pytest shows it if the test failed
        sys.stderr.write(f"--- {name}\n{operator.log_text()[-_LOG_SHOWN:]}")


@pytest.fixture
def stage(pair: Pair) -> Iterator[Stage]:
    """A corner of the cluster that the pair serves."""
    cluster = pair.cluster
    site = Site(control_plane=cluster.control_plane, aws=cluster.aws, operator=pair.replicas["a"])
    with Stage(site) as made:
        yield made
