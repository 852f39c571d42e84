"""Finds the programs of the control plane, and has them built when there are none."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from testbed.build import build
from testbed.errors import ControlPlaneError
from testbed.release import selected_release

_ASSETS = "KUBEBUILDER_ASSETS"  # the convention of controller-runtime's envtest
_CACHE = "kube-ecr-secrets-operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """Where the programs are."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kubectl: Path | None  # None: there is none; only `ControlPlane.kubectl` misses it

    @classmethod
    def of(cls, folder: Path) -> "Binaries":
        """Name the programs of a folder that holds them under their usual names."""
        kubectl = folder / "kubectl"
        return cls(
            etcd=folder / "etcd",
            kube_apiserver=folder / "kube-apiserver",
            kube_controller_manager=folder / "kube-controller-manager",
            kubectl=kubectl if os.access(kubectl, os.X_OK) else None,
        )


def provide_binaries(environment: Mapping[str, str] = os.environ) -> Binaries:
    """Return programs that can be started.

    Those of `KUBEBUILDER_ASSETS` if it is set; else those in the user's cache folder, built there
    first if need be, which takes minutes and says so.

    Raises:
        ControlPlaneError: the folder lacks one, the setting `TESTBED_KUBERNETES` names a minor
            that does not exist, or the build failed.
    """
    assets = environment.get(_ASSETS)
    if assets:
        return _complete(Path(assets))
    release = selected_release(environment)
    return Binaries.of(build(release, cache_folder(environment), environment))


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Name the folder for what is made once and used often (XDG base directory rules)."""
    root = environment.get("XDG_CACHE_HOME", "")
    # A relative path is to be ignored, say the rules.
    base = Path(root) if root.startswith("/") else Path(environment["HOME"]) / ".cache"
    return base / _CACHE


def _complete(folder: Path) -> Binaries:
    binaries = Binaries.of(folder)
    needed = (binaries.etcd, binaries.kube_apiserver, binaries.kube_controller_manager)
    missing = [program.name for program in needed if not os.access(program, os.X_OK)]
    if missing:
        raise ControlPlaneError(
            f"{_ASSETS}: {folder} lacks {', '.join(missing)} (the assets of envtest come without "
            f"kube-controller-manager); unset {_ASSETS} to have all programs built"
        )
    return binaries
