"""A real kubelet runs what the registry gives it, and nothing of it stays."""

import os
import signal
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

from testbed.control_plane import ControlPlane
from testbed.node.node import NAME, Node
from testbed.operator import ROOT
from testbed.waiting import wait_for
from tests.nodes import needs_node
from tests.testbed.traces import find_traces

pytestmark = needs_node

_SOON = timedelta(seconds=30)

# Starts a node with a pod, says so, and waits for its own end.
_PARENT = """\
import signal
from testbed.control_plane import ControlPlane
from testbed.node.node import Node

with ControlPlane() as control_plane, Node(control_plane, {}) as node:
    pause = "--image=testbed.local/pause:1"
    control_plane.kubectl("run", "web", pause, "--image-pull-policy=Never")
    control_plane.kubectl("wait", "--for=condition=Ready", "pod/web")
    print("up", flush=True)
    signal.pause()
"""


@pytest.fixture
def before() -> frozenset[str]:
    """What there was on the machine before the test."""
    return find_traces()


def test_a_node_is_ready_and_a_deployment_runs_on_it(before: frozenset[str]) -> None:
    """Scheduler, kubelet, containerd and runc do their part; afterwards nothing is left."""
    with ControlPlane() as control_plane, Node(control_plane, {}):
        control_plane.kubectl("create", "deployment", "web", "--image=testbed.local/pause:1")
        control_plane.kubectl("rollout", "status", "deployment/web", "--timeout=30s")
        pods = control_plane.kubectl("get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}")
        assert find_traces() != before

    assert pods == NAME
    assert find_traces() - before == frozenset()


def test_a_kubelet_never_waits_for_the_right_to_read_a_pull_secret() -> None:
    """Not even of a pod that the node authorizer has not heard of yet."""
    with ControlPlane() as control_plane, Node(control_plane, {}):
        kubelet = control_plane.kubeconfig_of(f"system:node:{NAME}", ["system:nodes"])
        ask = ("auth", "can-i", "--namespace=elsewhere", f"--kubeconfig={kubelet}")
        answers = [
            control_plane.kubectl(*ask, verb, "secrets") for verb in ("get", "list", "watch")
        ]

    assert [answer.strip() for answer in answers] == ["yes"] * 3


def test_a_node_needs_nothing_of_apparmor_or_of_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile would stay in the kernel, and be written to a login's folder, which is hidden."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/0")

    with ControlPlane() as control_plane, Node(control_plane, {}) as node:
        first, _ = node.processes
        environment = Path(f"/proc/{first.pid}/environ").read_text(encoding="utf-8").split("\0")
        log = node.log_text("containerd")

    assert [each for each in environment if each.startswith("XDG_")] == []
    assert r"\"disableApparmor\":true" in log  # the configuration as containerd understood it


def test_a_node_starts_in_a_folder_with_a_long_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sockets have short names, wherever a machine keeps its temporary files."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()

    with ControlPlane() as control_plane:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        with Node(control_plane, {}) as node:
            nodes = control_plane.kubectl("get", "nodes", "-o", "name")
            assert folder in node.folder.parents

    assert nodes.split() == [f"node/{NAME}"]


def test_a_node_leaves_nothing_behind_when_its_parent_is_killed(before: frozenset[str]) -> None:
    """Not a process, mount, cgroup, namespace or folder, after SIGKILL."""
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "up\n"
        assert find_traces() != before

        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()

    wait_for("nothing is left", lambda: not find_traces() - before, _SOON)
