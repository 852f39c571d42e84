"""The kustomizations as kubectl builds them."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from manifests.generate import HERE
from manifests.kustomizations import OVERLAYS
from testbed.binaries import provide_binaries

Object = dict[str, Any]

BASE = HERE / "base"
FOLDERS = {"base": BASE} | {name: HERE / "overlays" / name for name in OVERLAYS}

_LIMIT = 60  # seconds


def built(folder: Path) -> list[Object]:
    """Return the objects of a kustomization, in the order in which they are applied."""
    kubectl = provide_binaries().kubectl
    assert kubectl is not None
    done = subprocess.run(
        [kubectl, "kustomize", folder], capture_output=True, text=True, check=False, timeout=_LIMIT
    )
    assert (done.returncode, done.stderr) == (0, "")  # a warning is a mistake as well
    return list(yaml.safe_load_all(done.stdout))
