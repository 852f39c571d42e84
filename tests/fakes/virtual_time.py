"""An event loop whose clock jumps to the next timer: hours pass in no time, and exactly."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _JumpingClock(selectors.DefaultSelector):
    """Instead of waiting for a time-out, lets it have passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0  # seconds

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("deadlock: everyone waits, and nothing is going to happen")
        self.now += max(timeout, 0.0)
        return super().select(0)


class _VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _JumpingClock()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def freeze(self, seconds: float) -> None:
        self._clock.now += seconds


def freeze(seconds: float) -> None:
    """Let time pass in which nothing of this process runs, as between SIGSTOP and SIGCONT."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _VirtualTimeLoop)
    loop.freeze(seconds)


def run_in_virtual_time(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing outside the process; its time begins at 0.

    Raises:
        RuntimeError: it would have waited for ever.
    """
    with asyncio.Runner(loop_factory=_VirtualTimeLoop) as runner:
        return runner.run(coroutine)
