"""Pods that run do not notice what becomes of the operator. Last, since it is removed here."""

import re

from testbed.control_plane import ControlPlane
from testbed.operator import INSTALL, NAMESPACE, installation
from tests.cluster.replicas.pair import Pair
from tests.cluster.stage import Stage
from tests.e2e.workloads import Workloads
from tests.nodes import needs_node

pytestmark = needs_node


def test_running_pods_do_not_notice_the_end_of_the_operator(
    pair: Pair, stage: Stage, workloads: Workloads
) -> None:
    """Killed, upgraded, removed: the same container goes on, and was never started again."""
    shop, image = workloads.make_namespace("shop"), workloads.image()
    stage.serve(shop)
    workloads.create_pod(shop, image)
    workloads.until_running(shop)
    before, pulls = _containers(workloads, shop), workloads.all_visits(image)

    for operator in pair.replicas.values():
        pair.kill(operator)
    assert _containers(workloads, shop) == before

    _upgrade(stage.site.control_plane)
    for operator in pair.replicas.values():
        pair.start(operator)
    assert _containers(workloads, shop) == before

    for operator in pair.replicas.values():
        pair.stop(operator)
    stage.site.control_plane.kubectl("delete", "-f", INSTALL)
    stage.until("it is removed", lambda: stage.api.find("Namespace", NAMESPACE) is None)
    stage.until("its secrets went with it", lambda: stage.find_secret(shop) is None)
    assert _containers(workloads, shop) == before
    assert workloads.all_visits(image) == pulls


def _upgrade(control_plane: ControlPlane) -> None:
    """Apply the manifests of a version to come, as far as they differ in every version."""
    newer, times = re.subn(r"(/version: )\d+\.\d+\.\d+", r"\g<1>9.9.9", installation())
    assert times
    apply = ("apply", "--server-side", "--force-conflicts", "--filename", "-")
    control_plane.kubectl(*apply, input=newer)


def _containers(workloads: Workloads, namespace: str) -> list[tuple[str, int, bool]]:
    """Return id, number of restarts and whether it runs, of each container of the pod."""
    statuses = workloads.pod(namespace)["status"]["containerStatuses"]
    return [
        (one["containerID"], one["restartCount"], "running" in one["state"]) for one in statuses
    ]
