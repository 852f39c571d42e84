"""The programs of a node: built once from pinned Go modules, but for runc, which the system has."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed.binaries import cache_folder
from testbed.build import build
from testbed.errors import ControlPlaneError
from testbed.release import Program, Release, pinned_version, selected_node_release

_CONTAINERD = Path(__file__).with_name("containerd")
_WORKLOAD = Path(__file__).with_name("workload")
_PATH = "github.com/containerd/containerd/v2"
_NAMES = ("containerd", "containerd-shim-runc-v2", "ctr")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePrograms:
    """Where the programs are."""

    kubelet: Path
    kube_scheduler: Path
    containerd: Path  # its shim is beside it
    ctr: Path
    runc: Path
    workload: Path  # what containers run


def find_runc() -> Path | None:
    """Return the system's runc; None: there is none."""
    found = shutil.which("runc", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    return Path(found) if found else None


def provide_node_programs(environment: Mapping[str, str] = os.environ) -> NodePrograms:
    """Return programs that can be started, having built what was missing.

    Raises:
        ControlPlaneError: there is no runc, or a build failed.
    """
    runc = find_runc()
    if runc is None:
        raise ControlPlaneError("runc: not found on this machine (Debian and Ubuntu: package runc)")
    cache = cache_folder(environment)
    kubernetes = build(selected_node_release(environment), cache, environment)
    containerd = build(_containerd(), cache, environment)
    return NodePrograms(
        kubelet=kubernetes / "kubelet",
        kube_scheduler=kubernetes / "kube-scheduler",
        containerd=containerd / "containerd",
        ctr=containerd / "ctr",
        runc=runc,
        workload=provide_workload(environment),
    )


def provide_workload(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the static program that containers run.

    Raises:
        ControlPlaneError: the build failed.
    """
    program = Program(name="workload", package=".", module=_WORKLOAD)
    release = Release(
        version="1",
        programs=(program,),
        title="the program of the pods",
        product="version",
        folder="workload",
        minutes=1,
    )
    return build(release, cache_folder(environment), environment) / program.name


def _containerd() -> Release:
    version = pinned_version(_CONTAINERD, _PATH)
    programs = [
        Program(
            name=name,
            package=f"{_PATH}/cmd/{name}",
            module=_CONTAINERD,
            variables=(f"{_PATH}/version.Version=v{version}",),
        )
        for name in _NAMES
    ]
    return Release(
        version=version,
        programs=tuple(programs),
        title="containerd",
        product="release",
        folder="containerd",
        minutes=3,
    )
