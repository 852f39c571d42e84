"""An update of the operator, one replica after the other, while pods are being created."""

from datetime import timedelta

from tests.cluster.replicas.pair import Pair
from tests.cluster.replicas.pods import Created, PodLoad, until_open
from tests.cluster.replicas.webhook_metrics import calls, failed_calls
from tests.cluster.stage import Stage

BRIEF = timedelta(seconds=3)  # the life of a token that pods keep finding expired


def test_no_pod_notices_a_rollout(pair: Pair, stage: Stage) -> None:
    """No pod fails, no call of the webhook fails, and no refresh gets lost.

    Half of the pods find their secret fresh; for the others it expires again and again.
    """
    steady, brief = stage.make_namespaces("steady", "brief")
    until_open(pair.cluster, steady, brief)
    stage.serve(steady)
    stage.aws.set_token_lifetime(BRIEF)
    stage.serve(brief, short="brief", refreshPolicy="OnPodAdmission")
    control_plane = pair.cluster.control_plane
    before = (calls(control_plane), failed_calls(control_plane))

    def is_served_or_told(pod: Created) -> bool:
        return bool(pod.warnings) or stage.pulls(pod.namespace)

    with (
        PodLoad(pair.cluster, [steady], threads=2) as load,
        PodLoad(pair.cluster, [brief], threads=4, check=is_served_or_told) as needy,
    ):
        for operator in pair.replicas.values():
            pair.stop(operator)
            pair.start(operator)

    after = (calls(control_plane), failed_calls(control_plane))
    created = [*load.created, *needy.created]
    assert load.problems + needy.problems == []
    assert {pod.status for pod in created} == {201}
    assert after[1] == before[1]
    assert after[0] - before[0] >= len(created)
    assert pair.balancer.refused == 0
    assert [pod for pod in load.created if pod.warnings] == []
    assert needy.wrong == []
