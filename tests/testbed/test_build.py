"""Programs are built once, whole or not at all, also by two at once.

The compiler is a script: what is tested is what happens around it.
"""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from testbed.build import build
from testbed.errors import ControlPlaneError
from testbed.release import Program, Release
from testbed.waiting import wait_for

_SOON = timedelta(seconds=10)
_ROOT = Path(__file__).parents[2]

# Notes each build, then writes what it "built": the words of go.mod and of the linker.
_GO = """\
#!/bin/sh
if [ "$1" = env ]; then echo go1.99.0; exit; fi
for word; do case $word in -ldflags=*) linker=$word;; esac; done
while [ "$1" != -o ]; do shift; done
echo "$3" >> "$WORLD/builds"
while [ -e "$WORLD/hold" ]; do sleep 0.02; done
if [ -e "$WORLD/broken" ]; then echo "syntax error"; exit 1; fi
cat go.mod > "$2"; echo "$linker CGO_ENABLED=$CGO_ENABLED" >> "$2"; chmod +x "$2"
"""


class World:
    """A machine with a compiler, one module of two programs, and an empty cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self.module = folder / "module"
        self.module.mkdir()
        (self.module / "go.mod").write_text("module thing\n\ngo 1.26.0\n", encoding="utf-8")
        (self.module / "go.sum").touch()
        (folder / "bin").mkdir()
        go = folder / "bin" / "go"
        go.write_text(_GO, encoding="utf-8")
        go.chmod(0o755)
        path = f"{folder / 'bin'}:{os.environ['PATH']}"
        self.environment = {"PATH": path, "WORLD": str(folder)}
        self.release = Release(
            version="1.2.3",
            programs=(
                Program(name="one", package="thing/one", module=self.module, variables=("a.b=c",)),
                Program(name="other", package="thing/other", module=self.module),
            ),
        )

    def build(self) -> Path:
        """Build as `testbed.binaries` does."""
        return build(self.release, self.cache, self.environment)

    def start_building(self) -> subprocess.Popen[str]:
        """Build in another process."""
        source = (
            "from pathlib import PosixPath\n"
            "from testbed.build import build\n"
            "from testbed.release import Program, Release\n"
            f"build({self.release!r}, {self.cache!r}, {self.environment!r})\n"
        )
        return subprocess.Popen(
            [sys.executable, "-c", source], cwd=_ROOT, stderr=subprocess.PIPE, text=True
        )

    def put(self, name: str) -> Path:
        """Turn a handle of the compiler."""
        (self.folder / name).touch()
        return self.folder / name

    @property
    def builds(self) -> list[str]:
        """What was compiled, in order."""
        log = self.folder / "builds"
        return log.read_text(encoding="utf-8").split() if log.exists() else []

    @property
    def cached(self) -> set[str]:
        """What lies in the cache for this release."""
        return {path.name for path in (self.cache / "control-plane" / "1.2.3").iterdir()}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Make one."""
    return World(tmp_path)


_WHOLE = {"one", "one.stamp", "other", "other.stamp"}


def test_a_program_is_built_from_its_module(world: World) -> None:
    """The linker's variables get in, C does not."""
    folder = world.build()

    assert world.cached == _WHOLE
    built = (folder / "one").read_text(encoding="utf-8")
    assert built == "module thing\n\ngo 1.26.0\n-ldflags=-s -w -X a.b=c CGO_ENABLED=0\n"


def test_a_second_time_nothing_is_built(world: World) -> None:
    """Building is for the first time only."""
    world.build()

    world.build()

    assert world.builds == ["thing/one", "thing/other"]


@pytest.mark.parametrize("name", ["go.mod", "go.sum", "main.go"])
def test_a_changed_module_is_built_anew(name: str, world: World) -> None:
    """Whoever moves a pin does not test the old program."""
    world.build()
    with (world.module / name).open("a", encoding="utf-8") as file:
        file.write("// moved\n")

    world.build()

    assert world.builds == ["thing/one", "thing/other"] * 2


def test_a_module_that_needs_no_other_has_no_sums(world: World) -> None:
    """A program of ours alone is built like any other."""
    (world.module / "go.sum").unlink()

    world.build()

    assert world.cached == _WHOLE


def test_a_lost_program_is_built_again_alone(world: World) -> None:
    """What is there and right is kept."""
    (world.build() / "other").unlink()

    world.build()

    assert world.builds == ["thing/one", "thing/other", "thing/other"]


def test_a_failed_build_says_why_and_leaves_nothing_half(world: World) -> None:
    """The compiler's words reach the person; the next attempt starts clean."""
    broken = world.put("broken")

    with pytest.raises(ControlPlaneError, match="one: failed\nsyntax error"):
        world.build()

    assert world.cached == set()
    broken.unlink()
    world.build()
    assert world.cached == _WHOLE


def test_a_killed_build_leaves_nothing_half(world: World) -> None:
    """The compiler ends with us, and what it had written goes."""
    hold = world.put("hold")
    builder = world.start_building()
    wait_for("compiler at work", lambda: world.builds == ["thing/one"], _SOON)

    builder.send_signal(signal.SIGKILL)
    builder.communicate(timeout=_SOON.total_seconds())

    wait_for("nothing left", lambda: world.cached == set(), _SOON)
    hold.unlink()
    world.build()
    assert world.cached == _WHOLE


def test_two_builds_at_once_take_turns(world: World) -> None:
    """The second waits, says so, and finds everything built."""
    hold = world.put("hold")
    first = world.start_building()
    wait_for("compiler at work", lambda: world.builds == ["thing/one"], _SOON)
    second = world.start_building()
    assert second.stderr is not None
    said = second.stderr.readline()

    hold.unlink()
    codes = [builder.wait(_SOON.total_seconds()) for builder in (first, second)]
    for builder in (first, second):
        builder.communicate()

    assert said == "another process is building the control plane; waiting for it\n"
    assert codes == [0, 0]
    assert world.builds == ["thing/one", "thing/other"]


def test_progress_is_a_line_for_each_step(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody who waits sees for what, and a log is not flooded."""
    folder = world.build()

    assert capsys.readouterr().err.splitlines() == [
        "building the control plane, Kubernetes 1.2.3: about 8 minutes on two cores, once",
        "  one, 0 s",
        "  one: done, 0 s",
        "  other, 0 s",
        "  other: done, 0 s",
        f"the control plane is in {folder}",
    ]
