"""One node: kubelet and containerd in namespaces of their own, and a scheduler to fill it.

    with Node(control_plane, {host: registry.url}) as node:
        control_plane.kubectl("run", "web", f"--image={host}/shop/web:1")

Needs root on Linux; see `obstacles.find_obstacle`. Pods have no network.
"""

import json
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from testbed.control_plane import ControlPlane
from testbed.node.cgroups import hierarchies, make_cgroup
from testbed.node.configuration import (
    KERNEL_SETTINGS,
    KUBELET_ROOT,
    PAUSE_IMAGE,
    SOCKET,
    Layout,
    write_configuration,
)
from testbed.node.image import Images, archive
from testbed.node.obstacles import ISOLATED
from testbed.node.programs import NodePrograms, provide_node_programs
from testbed.processes import Process, ProcessGroup
from testbed.waiting import wait_for

NAME = "testbed-node"
PREFIX = "ecr-node-"  # of its folder and of its cgroups; the number of who started it follows
_INIT = Path(__file__).with_name("init.py")
_RIGHTS = Path(__file__).with_name("rights.yaml")
_START = timedelta(seconds=90)  # far beyond the usual, for a machine that is busy


class Node:
    """Starts a node when entered, and ends it with all its pods when left."""

    def __init__(
        self,
        control_plane: ControlPlane,
        registries: Mapping[str, str],
        *,
        programs: NodePrograms | None = None,
    ) -> None:
        """Choose what to start.

        Args:
            control_plane: that it is to be a node of.
            registries: by host name, the URL that serves it here.
            programs: None: those that `provide_node_programs` finds or builds.
        """
        self._control_plane = control_plane
        self._registries = registries
        self._programs = programs

    def __enter__(self) -> Self:
        programs = self._programs or provide_node_programs()
        self._group = ProcessGroup(prefix=f"{PREFIX}{os.getpid()}-")
        try:
            self._start(programs)
        except BaseException:
            self._group.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._group.close()

    @property
    def folder(self) -> Path:
        """Where its files are; gone when it ends."""
        return self._group.folder

    @property
    def processes(self) -> tuple[Process, ...]:
        """What runs outside of its namespaces: who waits for it, and the scheduler."""
        return (self._process, self._scheduler)

    def log_text(self, name: str) -> str:
        """Return what `containerd` or `kubelet` has logged so far."""
        log = self.folder / f"{name}.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def _start(self, programs: NodePrograms) -> None:
        layout = Layout(folder=self.folder)
        cgroup = self.folder.name
        for root in hierarchies():
            self._group.remove_cgroup_afterwards(root / cgroup)
        make_cgroup(cgroup)
        write_configuration(layout, runc=programs.runc, cgroup=cgroup, registries=self._registries)
        self._control_plane.kubectl("apply", "--filename", _RIGHTS)
        plan = self._plan(layout, programs)
        (self.folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        self._process = self._group.start(
            "node",
            [*ISOLATED, sys.executable, "-I", "-S", _INIT, "plan.json"],
            environment=_environment(programs),
        )
        kubeconfig = self._control_plane.kubeconfig_of("system:kube-scheduler")
        self._scheduler = self._group.start(
            "kube-scheduler",
            [
                programs.kube_scheduler,
                f"--kubeconfig={kubeconfig}",
                "--secure-port=0",
                "--leader-elect=false",
            ],
        )
        wait_for("node ready", self._is_ready, _START)

    def _plan(self, layout: Layout, programs: NodePrograms) -> dict[str, Any]:
        """Say what the first process is to do."""
        pause = self.folder / "pause.tar"
        image = Images(programs.workload).image(PAUSE_IMAGE)
        pause.write_bytes(archive(image, PAUSE_IMAGE))
        ctr = [programs.ctr, f"--address={SOCKET}", "--namespace=k8s.io"]
        kubeconfig = self._control_plane.kubeconfig_of(f"system:node:{NAME}", ["system:nodes"])
        kubelet = [
            programs.kubelet,
            f"--config={layout.kubelet}",
            f"--kubeconfig={kubeconfig}",
            f"--root-dir={KUBELET_ROOT}",
            f"--cert-dir={layout.folder}/kubelet-certificates",
            f"--hostname-override={NAME}",
        ]
        plan = {
            "containerd": [programs.containerd, f"--config={layout.containerd}"],
            "import": [*ctr, "images", "import", pause],
            "kubelet": kubelet,
        }
        return {
            "socket": SOCKET,
            "kernel": KERNEL_SETTINGS,
            **{name: [str(word) for word in words] for name, words in plan.items()},
        }

    def _is_ready(self) -> bool:
        for process in self.processes:
            process.check()
        status, node = self._control_plane.request("GET", f"/api/v1/nodes/{NAME}")
        if status != 200 or node["spec"].get("taints"):
            return False
        conditions = node["status"].get("conditions", [])
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _environment(programs: NodePrograms) -> dict[str, str]:
    """Return ours with the node's programs, without a login's folders: `/run/user` is hidden."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return {**ours, "PATH": _path(programs)}


def _path(programs: NodePrograms) -> str:
    """Return where to look for programs: containerd's shim, and the system's own."""
    system = os.environ.get("PATH", "")
    return f"{programs.containerd.parent}:{system}:/usr/sbin:/sbin"
