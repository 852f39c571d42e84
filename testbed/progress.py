"""Shows a person how a long step is getting on, on standard error."""

import subprocess
import sys
import time
from datetime import timedelta

from testbed.errors import ControlPlaneError
from testbed.processes import Process


class Progress:
    """Says which step runs and for how long: on a terminal in one moving line, else seldom."""

    def __init__(self) -> None:
        self._stream = sys.stderr
        self._moving = self._stream.isatty()
        self._interval = timedelta(seconds=1 if self._moving else 20)

    def say(self, text: str) -> None:
        """Write a line."""
        print(text, file=self._stream, flush=True)

    def follow(self, step: str, process: Process, timeout: timedelta) -> None:
        """Wait for the end of a process.

        Raises:
            ControlPlaneError: it failed, or did not end within `timeout`.
        """
        started = time.monotonic()
        self._show(step, 0)
        while process.exit_code is None:
            elapsed = time.monotonic() - started
            if elapsed > timeout.total_seconds():
                process.kill()
                raise ControlPlaneError(f"{step}: not done after {elapsed:.0f} s")
            try:
                process.wait(self._interval)
            except subprocess.TimeoutExpired:
                self._show(step, time.monotonic() - started)
        if process.exit_code != 0:
            self._end_line()
            raise ControlPlaneError(f"{step}: failed\n{process.log_tail()}")
        self._show(f"{step}: done", time.monotonic() - started)
        self._end_line()

    def _show(self, step: str, elapsed: float) -> None:
        line = f"  {step}, {elapsed:.0f} s"
        if self._moving:
            print(f"\r{line:<70}", end="", file=self._stream, flush=True)
        else:
            print(line, file=self._stream, flush=True)

    def _end_line(self) -> None:
        if self._moving:
            print(file=self._stream, flush=True)
