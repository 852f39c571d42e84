"""Child processes and a temporary folder that end with us, whatever ends us.

A `ProcessGroup` starts a janitor (see `janitor.py`) before anything else. The janitor holds the
reading end of a pipe whose writing end lives here and nowhere else.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from testbed.errors import ControlPlaneError

_JANITOR = Path(__file__).with_name("janitor.py")
_REAP = timedelta(seconds=15)  # longer than the janitor's own patience


class Process:
    """One running program of a group; its output goes to a log file in the group's folder."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._popen = popen

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, negative for a signal. None: it is still running."""
        return self._popen.poll()

    def check(self) -> None:
        """Make sure that it runs.

        Raises:
            ControlPlaneError: it has ended; holds the last lines of its log.
        """
        if self.exit_code is not None:
            raise ControlPlaneError(
                f"{self.name} ended with exit code {self.exit_code}:\n{self.log_tail()}"
            )

    def kill(self) -> None:
        """End it at once, as a crash would, and wait until it is gone."""
        self._popen.kill()
        self._popen.wait(_REAP.total_seconds())

    def pause(self) -> None:
        """Stop it from doing anything, connections kept open, until `resume`."""
        self._popen.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._popen.send_signal(signal.SIGCONT)

    def wait(self, timeout: timedelta) -> None:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it has not ended within `timeout`.
        """
        self._popen.wait(timeout.total_seconds())

    def log_tail(self, lines: int = 15) -> str:
        """Return the last lines of what it wrote."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


class ProcessGroup:
    """Starts programs that do not outlive us, and owns the folder they work in."""

    def __init__(self, *, prefix: str = "ecr-testbed-", within: Path | None = None) -> None:
        """Start the janitor.

        Args:
            within: where to make the folder. None: where temporary files go on this system.
        """
        # `process_group=0`: a Ctrl-C in the terminal is for us, not for the janitor.
        self._janitor = subprocess.Popen(
            [sys.executable, "-I", "-S", _JANITOR, within or tempfile.gettempdir(), prefix],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        greeting = json.loads(_pipe(self._janitor.stdout).readline())
        if "problem" in greeting:
            self._janitor.communicate()
            raise ControlPlaneError(f"{within or tempfile.gettempdir()}: {greeting['problem']}")
        self.folder = Path(greeting["folder"])
        self._group: int = greeting["group"]
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(
        self,
        name: str,
        arguments: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Process:
        """Start a program; its output is appended to `<name>.log` in the folder.

        Args:
            environment: None: ours.
            cwd: None: the group's folder.
        """
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            popen = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else dict(environment),
                cwd=cwd or self.folder,
                process_group=self._group,
            )
        self._started.append(popen)
        return Process(name, popen, log)

    def remove_cgroup_afterwards(self, cgroup: Path) -> None:
        """Have a cgroup removed when all has ended, and those below it; it may be made later."""
        pipe = _pipe(self._janitor.stdin)
        pipe.write(f"{cgroup}\n".encode())
        pipe.flush()

    def close(self) -> None:
        """End every process at once and remove the folder. Calling it again is harmless."""
        _pipe(self._janitor.stdin).close()
        for popen in self._started:
            popen.wait(_REAP.total_seconds())
        self._janitor.wait(_REAP.total_seconds())
        _pipe(self._janitor.stdout).close()


def alive(pid: int) -> bool:
    """Tell whether a process of that number runs; one that has ended unreaped does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _state(pid) != "Z"


def _state(pid: int) -> str:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return "Z"
    return status.rpartition(")")[2].split()[0]


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # both were asked for with PIPE
    return stream
