"""The operator was down until the tokens had expired; pods do not suffer for it."""

from datetime import timedelta

import pytest

from tests.cluster.replicas.pair import Pair
from tests.cluster.stage import Stage
from tests.e2e.workloads import Workloads
from tests.nodes import needs_node

pytestmark = needs_node

_LIFE = timedelta(seconds=4)


@pytest.mark.parametrize("policy", ["Always", "OnPodAdmission"])
def test_the_first_pull_succeeds_as_soon_as_the_operator_is_back(
    policy: str, pair: Pair, stage: Stage, workloads: Workloads
) -> None:
    """The pod is created at once, and never sees the old token refused."""
    shop, image = workloads.make_namespace("shop"), workloads.image()
    stage.aws.set_token_lifetime(_LIFE)
    stage.serve(shop, refreshPolicy=policy)
    for operator in pair.replicas.values():
        pair.stop(operator)
    stage.until("the token has expired", lambda: not stage.pulls(shop))
    stage.aws.set_token_lifetime(timedelta(hours=12))

    pair.start(pair.replicas["a"])
    workloads.create_pod(shop, image)

    workloads.until_running(shop)
    assert workloads.troubles(shop) == []
    assert {visit.status for visit in workloads.visits(image)} == {200}


def test_under_on_pod_admission_a_pod_renews_what_has_expired(
    stage: Stage, workloads: Workloads
) -> None:
    """No timer does it: the secret stays expired until the pod comes, which then pulls at once."""
    shop, image = workloads.make_namespace("shop"), workloads.image()
    stage.aws.set_token_lifetime(_LIFE)
    stage.serve(shop, refreshPolicy="OnPodAdmission")
    stage.until("the token has expired", lambda: not stage.pulls(shop))
    calls = stage.aws.calls(stage.key)
    stage.aws.set_token_lifetime(timedelta(hours=12))

    workloads.create_pod(shop, image)

    workloads.until_running(shop)
    assert workloads.troubles(shop) == []
    assert {visit.status for visit in workloads.visits(image)} == {200}
    assert stage.aws.calls(stage.key) == calls + 1
