"""AWS is away for longer than a token lives."""

import time
from collections.abc import Callable, Mapping
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
    refused = workloads.image()
    workloads.create_pod(shop, refused, name="waiting")
    stage.until(
        "the kubelet waits",
        lambda: workloads.waits_for(shop, "waiting") == {"ImagePullBackOff"},
        _BACK_OFF,
    )
    assert {visit.status for visit in workloads.visits(refused)} == {403}
    assert workloads.pod(shop)["status"]["containerStatuses"] == running

    stage.aws.set_token_lifetime(timedelta(hours=12))
    stage.aws.set_down(down=False)
    back = time.monotonic()
    workloads.create_pod(shop, workloads.image(), name="new")
    took = _first_seen(
        stage,
        {
            "the pull secret was good again": lambda: stage.pulls(shop),
            "a pod ran that was created at that moment": lambda: workloads.is_running(shop, "new"),
            "the pod ran that had been waiting (the kubelet's own back-off)": (
                lambda: workloads.is_running(shop, "waiting")
            ),
        },
    )
    told.append("AWS was away for longer than a token lives. After its return:")
    told += [f"  {at - back:5.1f} s until {what}" for what, at in took.items()]


def _first_seen(stage: Stage, marks: Mapping[str, Callable[[], bool]]) -> dict[str, float]:
    """Wait until all have come true; return when each was first seen, by the monotonic clock."""
    seen: dict[str, float] = {}

    def look() -> bool:
        for what, is_true in marks.items():
            if what not in seen and is_true():
                seen[what] = time.monotonic()
        return seen.keys() == marks.keys()

    stage.until("all is as before", look, HEALED + _BACK_OFF)
    return seen
