"""AWS is away for longer than a token lives."""

import time
from datetime import timedelta

from tests.cluster.stage import HEALED, Stage
from tests.e2e.workloads import Workloads
from tests.nodes import needs_node

pytestmark = needs_node

_LIFE = timedelta(seconds=8)
# The kubelet waits 10, 20, 40 s after pulls that failed, and nothing wakes it earlier.
_BACK_OFF = timedelta(seconds=120)


def test_pods_that_need_no_pull_go_on_and_others_run_after_its_return(
    stage: Stage, workloads: Workloads, told: list[str]
) -> None:
    """What is on the node starts also now; how long the others took is told as it is."""
    shop, image = workloads.make_namespace("shop"), workloads.image()
    stage.aws.set_token_lifetime(_LIFE)
    stage.serve(shop)
    workloads.create_pod(shop, image)
    workloads.until_running(shop)
    running = workloads.pod(shop)["status"]["containerStatuses"]

    stage.aws.set_down(down=True)
    stage.until("the token has expired", lambda: not stage.pulls(shop))
    workloads.create_pod(shop, image, name="present")
    workloads.until_running(shop, "present")
    workloads.create_pod(shop, workloads.image(), name="waiting")
    stage.until("a pull is refused", lambda: workloads.waits_for(shop, "waiting") != set())
    stage.until(
        "the kubelet waits",
        lambda: workloads.waits_for(shop, "waiting") == {"ImagePullBackOff"},
        _BACK_OFF,
    )
    assert workloads.pod(shop)["status"]["containerStatuses"] == running

    stage.aws.set_token_lifetime(timedelta(hours=12))
    stage.aws.set_down(down=False)
    back = time.monotonic()
    workloads.create_pod(shop, workloads.image(), name="new")
    stage.until("the secret is good again", lambda: stage.pulls(shop), HEALED)
    good = time.monotonic() - back
    workloads.until_running(shop, "new")
    new = time.monotonic() - back
    workloads.until_running(shop, "waiting", _BACK_OFF)
    waiting = time.monotonic() - back
    told += [
        "AWS was away for longer than a token lives. After its return:",
        f"  {good:5.1f} s until the pull secret was good again",
        f"  {new:5.1f} s until a pod ran that was created at that moment",
        f"  {waiting:5.1f} s until the pod ran that had been waiting (the kubelet's own back-off)",
    ]
