"""How long a client may take over something."""

import asyncio
from collections.abc import Callable
from datetime import timedelta


class Patience:
    """Runs out, unless what is waited for ends before."""

    def __init__(self, limit: timedelta, run_out: Callable[[], None]) -> None:
        """Wait for nothing yet.

        Args:
            limit: how long a wait may be.
            run_out: called when one has been longer.
        """
        self._limit = limit
        self._run_out = run_out
        self._timer: asyncio.TimerHandle | None = None  # None: nothing is waited for

    def begin(self) -> None:
        """Begin to wait, or go on if that has begun."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._limit.total_seconds(), self._run_out)

    def end(self) -> None:
        """Wait no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
