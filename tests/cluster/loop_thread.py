"""An event loop beside tests that block, in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")

_ANSWER = 20  # seconds; it is in the same process


class LoopThread:
    """Runs coroutines while it is entered; ends what is left of them when it is left."""

    def __init__(self, name: str) -> None:
        """Prepare; the name is the thread's."""
        self._runner = asyncio.Runner()
        self._name = name

    def __enter__(self) -> Self:
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=self._name)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._runner.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns.

        Raises:
            TimeoutError: it takes longer than 20 s.
        """
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER)

    def call(self, function: Callable[[], object]) -> None:
        """Have a function called soon, on the loop."""
        self._loop.call_soon_threadsafe(function)
