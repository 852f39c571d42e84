"""An update of the operator, one replica after the other, while pods are being created."""

from datetime import timedelta
from functools import partial

from testbed.aws.hosts import registry_host
from testbed.aws.iam import ACCOUNT
from testbed.operator import Operator
from tests.cluster.replicas.pair import Pair
from tests.cluster.replicas.pods import Created, PodLoad, until_open
from tests.cluster.stage import Stage
from tests.cluster.webhook_metrics import calls, failed_calls

BRIEF = timedelta(seconds=3)  # the life of a token that pods keep finding expired
REGION = "us-east-1"
HOST = registry_host(ACCOUNT, REGION)
SOME = 20  # pods


def test_no_pod_notices_a_rollout(pair: Pair, stage: Stage) -> None:
    """No pod fails, no call of the webhook fails, and no refresh gets lost.

    Half of the pods find their secret fresh; for the others it expires again and again.
    """
    steady, *brief = stage.make_namespaces("steady", *(f"brief-{number}" for number in range(3)))
    until_open(pair.cluster, steady, *brief)
    stage.serve(steady)
    stage.aws.set_token_lifetime(BRIEF)
    # A region of its own: a token in memory is shared by all who could have asked for it.
    there = {"registries": [{"region": REGION}], "refreshPolicy": "OnPodAdmission"}
    stage.serve(*brief, short="brief", **there)
    control_plane = pair.cluster.control_plane
    before = (calls(control_plane), failed_calls(control_plane))

    def is_served_or_told(pod: Created) -> bool:
        """Tell whether no refresh was lost: what is admitted in silence can pull."""
        return bool(pod.warnings) or stage.pulls(pod.namespace, host=HOST)

    with (
        PodLoad(pair.cluster, [steady], threads=2) as load,
        PodLoad(pair.cluster, brief, threads=3, check=is_served_or_told) as needy,
    ):
        for operator in pair.replicas.values():
            stage.until("it answers pods", partial(_is_asked, operator, _asked(operator)))
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
    # Told of by those only whose refresh took longer than they may be held up: on a machine that
    # is busy these may be many, and never all.
    warned = [pod.warnings for pod in needy.created if pod.warnings]
    assert all("NotInTime" in warning for warnings in warned for warning in warnings)
    assert len(warned) < len(needy.created)


def _asked(operator: Operator) -> float:
    """Count the pods that a replica was asked about."""
    return operator.metrics()["ecr_secrets_admission_duration_seconds_count"]


def _is_asked(operator: Operator, before: float) -> bool:
    return _asked(operator) > before + SOME
