"""Which registries the node has asked for images, in all tests before."""

import re

from testbed.node.node import Node
from testbed.waiting import wait_for
from tests.cluster.replicas.cluster import Cluster
from tests.cluster.stage import HOST
from tests.e2e.hosts import FAR_HOSTS
from tests.e2e.workloads import STARTED
from tests.nodes import needs_node

pytestmark = needs_node

_PULL = re.compile(r'PullImage \\"([^/"]+)/')  # of containerd, when the kubelet asks for an image


def test_no_image_was_asked_from_elsewhere(cluster: Cluster, node: Node) -> None:
    """No pod of the Deployment that installs the operator, whose image is on the internet."""
    cluster.control_plane.kubectl("run", "last", f"--image={HOST}/shop/last:1")
    wait_for("the last one is asked for", lambda: HOST in _asked(node), STARTED)

    path = "jsonpath={.items[*].spec.containers[*].image}"
    images = cluster.control_plane.kubectl("get", "pods", "--all-namespaces", "-o", path).split()
    named = {image.partition("/")[0] for image in images}  # the node may not have come to them yet
    assert (_asked(node) | named) - {HOST, *FAR_HOSTS} == set()


def _asked(node: Node) -> set[str]:
    return set(_PULL.findall(node.log_text("containerd")))
