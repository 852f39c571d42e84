"""Which Kubernetes the testbed runs: one pinned Go module per minor, chosen by one setting."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from testbed.errors import ControlPlaneError

_MODULES = Path(__file__).with_name("control-plane")
_SETTING = "TESTBED_KUBERNETES"
_DEFAULT = "1.36"
_CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kubectl")
_NODE = ("kubelet", "kube-scheduler")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program and the pinned Go module that builds it."""

    name: str
    package: str
    module: Path  # folder of go.mod and go.sum
    variables: tuple[str, ...] = ()  # set by the linker: import path, "=", value


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Programs that are built together: a Kubernetes release and the etcd that goes with it."""

    version: str  # such as 1.36.3
    programs: tuple[Program, ...]
    title: str = "the control plane"  # as a person is told
    product: str = "Kubernetes"  # whose version it is
    folder: str = "control-plane"  # in the cache folder
    minutes: int = 8  # it takes on two cores


def selected_release(environment: Mapping[str, str] = os.environ) -> Release:
    """Return the release that `TESTBED_KUBERNETES` names by its minor; 1.36 if it is not set.

    Raises:
        ControlPlaneError: there is no such minor; names those that exist.
    """
    etcd = Program(name="etcd", package="go.etcd.io/etcd/server/v3", module=_MODULES / "etcd")
    version, programs = _kubernetes(_selected_minor(environment), _CONTROL_PLANE)
    return Release(version=version, programs=(etcd, *programs))


def selected_node_release(environment: Mapping[str, str] = os.environ) -> Release:
    """Return what a node adds to the release that `TESTBED_KUBERNETES` names.

    Raises:
        ControlPlaneError: there is no such minor; names those that exist.
    """
    version, programs = _kubernetes(_selected_minor(environment), _NODE)
    return Release(version=version, programs=programs, title="kubelet and scheduler", minutes=2)


def minors() -> tuple[str, ...]:
    """List the Kubernetes minors that the testbed can run."""
    return tuple(sorted(folder.name for folder in _MODULES.glob("[0-9]*") if folder.is_dir()))


def required_go(release: Release) -> tuple[int, ...]:
    """Return the oldest Go that builds every program: the highest `go` line of the modules."""
    lines = [_find(r"^go ([0-9.]+)$", program.module) for program in release.programs]
    return max(tuple(int(part) for part in line.split(".")) for line in lines)


def pinned_version(module: Path, path: str) -> str:
    """Return the version of a Go module that the go.mod of a folder requires, without its "v".

    Raises:
        ControlPlaneError: it does not name that module.
    """
    return _find(rf"^\s*(?:require )?{re.escape(path)} v([0-9.]+)", module)


def _selected_minor(environment: Mapping[str, str]) -> str:
    minor = environment.get(_SETTING) or _DEFAULT
    if minor not in minors():
        raise ControlPlaneError(f"{_SETTING}: no {minor!r} here; there is {', '.join(minors())}")
    return minor


def _kubernetes(minor: str, names: Sequence[str]) -> tuple[str, tuple[Program, ...]]:
    """Return the version of a minor's release, and programs of it."""
    module = _MODULES / minor
    version = pinned_version(module, "k8s.io/kubernetes")
    major, _, rest = version.partition(".")
    path = "k8s.io/component-base/version"
    variables = (
        f"{path}.gitVersion=v{version}",
        f"{path}.gitMajor={major}",
        f"{path}.gitMinor={rest.partition('.')[0]}",
    )
    programs = [
        Program(
            name=name, package=f"k8s.io/kubernetes/cmd/{name}", module=module, variables=variables
        )
        for name in names
    ]
    return version, tuple(programs)


def _find(pattern: str, module: Path) -> str:
    text = (module / "go.mod").read_text(encoding="utf-8")
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise ControlPlaneError(f"{module.name}/go.mod: nothing matches {pattern}")
    return found[1]
