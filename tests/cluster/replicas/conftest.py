"""Two replicas on a control plane of their own, for the tests of this room."""

from collections.abc import Iterator

import pytest

from testbed.control_plane import ControlPlane
from testbed.operator import CRD, install
from tests.cluster.aws_thread import AwsThread
from tests.cluster.canaries import note_cluster
from tests.cluster.replicas import lending
from tests.cluster.replicas.cluster import Cluster
from tests.cluster.replicas.pair import Pair
from tests.cluster.replicas.pods import a_token

_FLAGS = ("--log-level", "debug")

pair = lending.pair
stage = lending.stage


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """A cluster without replicas."""
    with ControlPlane(manifests=[CRD]) as control_plane, AwsThread() as aws:
        install(control_plane)
        yield Cluster(control_plane=control_plane, aws=aws, token=a_token(control_plane))
        aws.note_keys()
        note_cluster("replicas", control_plane)


@pytest.fixture(scope="module")
def lasting_pair(cluster: Cluster) -> Iterator[Pair]:
    """Two replicas for all tests of a file."""
    with Pair(cluster, *_FLAGS) as pair:
        yield pair
