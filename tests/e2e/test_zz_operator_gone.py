"""Pods that run do not notice what becomes of the operator. Last, since it is removed here."""

from testbed.operator import INSTALL, NAMESPACE, install
from tests.cluster.replicas.pair import Pair
from tests.cluster.stage import Stage
from tests.e2e.workloads import Workloads
from tests.nodes import needs_node

pytestmark = needs_node


def test_running_pods_do_not_notice_the_end_of_the_operator(
    pair: Pair, stage: Stage, workloads: Workloads
) -> None:
    """Killed, applied anew, removed: the same container goes on, and was never started again."""
    shop, image = workloads.make_namespace("shop"), workloads.image()
    stage.serve(shop)
    workloads.create_pod(shop, image)
    workloads.until_running(shop)
    before, pulls = _containers(workloads, shop), workloads.all_visits(image)

    for operator in pair.replicas.values():
        pair.kill(operator)
    assert _containers(workloads, shop) == before

    install(stage.site.control_plane)
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


def _containers(workloads: Workloads, namespace: str) -> list[tuple[str, int, bool]]:
    """Return id, number of restarts and whether it runs, of each container of the pod."""
    statuses = workloads.pod(namespace)["status"]["containerStatuses"]
    return [
        (one["containerID"], one["restartCount"], "running" in one["state"]) for one in statuses
    ]
