"""Whatever ends us ends our child processes and removes their folder."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from testbed.errors import ControlPlaneError
from testbed.processes import Process, ProcessGroup, alive
from testbed.waiting import wait_for

_SOON = timedelta(seconds=10)
_ROOT = Path(__file__).parents[2]


def pids_in(folder: Path) -> set[int]:
    """Find the processes that work in a folder."""
    return {
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if is_in(folder, process) and alive(int(process.name))
    }


def is_in(folder: Path, process: Path) -> bool:
    """Tell whether a process works in a folder; one that is gone does not."""
    try:
        return (process / "cwd").readlink().is_relative_to(folder)
    except OSError:
        return False


@dataclass(frozen=True)
class Started:
    """A program that started others."""

    popen: subprocess.Popen[str]
    lines: list[str]

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.popen.send_signal(number)
        return self.popen.wait(_SOON.total_seconds())


@contextmanager
def a_program(*arguments: str, until: str) -> Iterator[Started]:
    """Start Python and read what it prints, up to a line that holds `until`."""
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, text=True, cwd=_ROOT
    ) as popen:
        assert popen.stdout is not None
        lines = []
        for line in popen.stdout:
            lines.append(line.strip())
            if until in line:
                break
        try:
            yield Started(popen, lines)
        finally:
            popen.kill()


_SLEEPER = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
from testbed.processes import ProcessGroup
with ProcessGroup() as group:
    group.start("plain", ["sleep", "1000"])
    group.start("paused", ["sleep", "1000"]).pause()
    group.start("family", ["sh", "-c", "trap '' TERM INT HUP; sleep 1000 & sleep 1001"])
    print(group.folder, flush=True)
    time.sleep(1000)  # until a signal ends it, which is what is tested
"""


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGTERM, id="terminated"),
        pytest.param(signal.SIGINT, id="ctrl-c"),
    ],
)
def test_nothing_outlives_its_parent(number: signal.Signals) -> None:
    """Not a paused process, not one that ignores signals, not a grandchild, not a file."""
    with a_program("-c", _SLEEPER, until="/") as parent:
        folder = Path(parent.lines[-1])
        wait_for("five processes", lambda: len(pids_in(folder)) == 5, _SOON)
        pids = pids_in(folder)

        parent.end(number)

        wait_for("folder gone", lambda: not folder.exists(), _SOON)
        assert not any(alive(pid) for pid in pids)


@pytest.mark.parametrize(
    ("number", "exit_code"),
    [
        pytest.param(signal.SIGKILL, -signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGTERM, 0, id="terminated"),
        pytest.param(signal.SIGINT, 0, id="ctrl-c"),
    ],
)
def test_up_leaves_nothing_behind(number: signal.Signals, exit_code: int) -> None:
    """`python -m testbed up` says how to reach it, and is gone without a trace when it ends."""
    with a_program("-m", "testbed", "up", until="Ctrl-C") as parent:
        exports = dict(
            line.removeprefix("export ").split("=", 1)
            for line in parent.lines
            if line.startswith("export ")
        )
        folder = Path(exports["KUBECONFIG"]).parent
        pids = pids_in(folder)

        ended = parent.end(number)

        assert ended == exit_code
        wait_for("folder gone", lambda: not folder.exists(), _SOON)
        assert len(pids) == 3
        assert not any(alive(pid) for pid in pids)
        assert {
            "AWS_ENDPOINT_URL_ECR",
            "AWS_ENDPOINT_URL_STS",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        } <= exports.keys()


def test_a_closed_group_is_gone_at_once() -> None:
    """After `with`, there is nothing to wait for."""
    with ProcessGroup() as group:
        process = group.start("sleeper", ["sleep", "1000"])

    assert not alive(process.pid)
    assert not group.folder.exists()


def test_cgroups_go_with_the_group(tmp_path: Path) -> None:
    """Those that were named, with those below them, whether they came to be or not."""
    cgroup = tmp_path / "pods"
    with ProcessGroup() as group:
        group.remove_cgroup_afterwards(cgroup)
        group.remove_cgroup_afterwards(tmp_path / "never-made")
        (cgroup / "burstable" / "one").mkdir(parents=True)
        (cgroup / "other").mkdir()

    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_made_where_it_is_asked_for(tmp_path: Path) -> None:
    """Work for a place happens beside it, so that it can be moved there in one step."""
    with ProcessGroup(prefix=".work-", within=tmp_path) as group:
        assert group.folder.parent == tmp_path
        assert group.folder.name.startswith(".work-")


def test_an_impossible_folder_is_named(tmp_path: Path) -> None:
    """The person learns where no folder could be made, and why."""
    with pytest.raises(ControlPlaneError, match="absent: No such file or directory"):
        ProcessGroup(within=tmp_path / "absent")


def test_a_process_that_ended_tells_why() -> None:
    """The last words of a program are shown with its exit code."""
    with ProcessGroup() as group:
        process = group.start("talker", ["sh", "-c", "echo first; echo last >&2; exit 3"])
        wait_for("end", lambda: process.exit_code is not None, _SOON)

        with pytest.raises(ControlPlaneError, match=r"talker ended with exit code 3:\nfirst\nlast"):
            process.check()


def test_a_paused_process_does_nothing_until_it_is_resumed() -> None:
    """A pause is not an end."""
    with ProcessGroup() as group:
        marker = group.folder / "marker"
        loop = f"while true; do : > {marker}; sleep 0.01; done"  # created by the shell itself
        process = group.start("toucher", ["sh", "-c", loop])
        wait_for("marker", marker.exists, _SOON)

        process.pause()
        wait_for("stop", lambda: state(process) == "T", _SOON)
        marker.unlink()
        assert not marker.exists()
        process.resume()

        wait_for("marker", marker.exists, _SOON)


def state(process: Process) -> str:
    """Read the state of a process; T is stopped."""
    status = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
    return status.rpartition(")")[2].split()[0]
