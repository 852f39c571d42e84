"""The pod that is applied, and when it counts as running."""

import json
from typing import Any

import pytest

from bench.pods.pod import is_running, render_pod

_RUNNING = {"state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}
_WAITING = {"state": {"waiting": {"reason": "ErrImagePull"}}}
_ENDED = {"state": {"terminated": {"exitCode": 1}}}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param({}, False, id="not-scheduled"),
        pytest.param({"containerStatuses": []}, False, id="no-container-yet"),
        pytest.param({"containerStatuses": [_WAITING]}, False, id="waits-for-its-image"),
        pytest.param({"containerStatuses": [_ENDED]}, False, id="has-ended"),
        pytest.param({"containerStatuses": [_RUNNING]}, True, id="runs"),
        pytest.param({"containerStatuses": [_RUNNING, _WAITING]}, False, id="one-of-two"),
        pytest.param({"containerStatuses": [{"state": {"running": {}}}]}, True, id="no-start-time"),
    ],
)
def test_a_pod_runs_when_all_its_containers_do(status: dict[str, Any], expected: bool) -> None:
    """Its phase would say so of a container that fails over and over."""
    pod = {"metadata": {"name": "shop"}, "status": status}

    assert is_running(json.dumps(pod).encode()) is expected


def test_a_pod_names_its_image_and_its_pull_secret() -> None:
    """No other pod has the same, so none is helped by what another one pulled."""
    pod = json.loads(render_pod("shop", image="host/shop:1", pull_secret="login"))

    assert pod["metadata"]["name"] == "shop"
    assert pod["spec"]["containers"] == [{"name": "shop", "image": "host/shop:1"}]
    assert pod["spec"]["imagePullSecrets"] == [{"name": "login"}]
