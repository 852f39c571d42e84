"""Which key is worked on next: each key once, the earliest first, never two workers on one key.

The clock is the running event loop's.
"""

import asyncio
import random
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Generic, TypeVar

from ecr_secrets.core.backoff import full_jitter
from ecr_secrets.kube.agenda import Agenda

K = TypeVar("K", bound=Hashable)

_AT_ONCE = timedelta(0)


class QueueClosedError(Exception):
    """Nothing is handed out any more: no failure, the worker's sign to end."""


class WorkQueue(Generic[K]):
    """A set of keys that want work, each with the instant from which it is due.

    A key that is added again while it is worked on waits until `done`. Lives in one event loop;
    only `take` and `wait_idle` await, so every other method is atomic.
    """

    def __init__(
        self,
        *,
        floor: timedelta,
        cap: timedelta,
        random: Callable[[], float] = random.random,  # noqa: S311 - guards no secret
    ) -> None:
        """Make an empty queue.

        Args:
            floor: the shortest wait before a retry.
            cap: the longest wait before a retry.
            random: gives a number in [0, 1), the jitter of a retry.
        """
        self._floor = floor
        self._cap = cap
        self._random = random
        self._waiting: Agenda[K] = Agenda()  # instants are loop times
        self._active: set[K] = set()  # worked on
        self._again: dict[K, float] = {}  # worked on, and then due from this loop time on
        self._failures: dict[K, int] = {}  # in a row
        self._closed = False
        self._changed = asyncio.Event()  # set and cleared at once: wakes all who wait, stays unset
        self._alarm: tuple[float, asyncio.TimerHandle] | None = None  # None: nothing to wake for

    def __len__(self) -> int:
        """Count the keys that are due and wait for a worker."""
        return self._waiting.count_due(_loop_time())

    def add(self, key: K, after: timedelta = _AT_ONCE) -> None:
        """Have the key handed out once, `after` from now or, if it is due earlier anyway, then."""
        due = _loop_time() + after.total_seconds()
        if key in self._active:
            self._again[key] = min(due, self._again.get(key, due))
            return
        self._waiting.put(key, due)
        if self._is_due():
            self._wake()

    async def take(self) -> K:
        """Wait for the earliest key that is due and hand it out; `done` must follow.

        A cancelled `take` takes nothing.

        Raises:
            QueueClosedError: `close` was called.
        """
        while not self._closed:
            if self._is_due():
                key = self._waiting.pop()
                self._active.add(key)
                return key
            await self._changed.wait()
        raise QueueClosedError

    def done(self, key: K) -> None:
        """Say that the key is no longer worked on.

        Raises:
            KeyError: it was not.
        """
        self._active.remove(key)
        due = self._again.pop(key, None)
        if due is not None:
            self._waiting.put(key, due)
        self._wake()

    def retry(self, key: K) -> timedelta:
        """Add the key with a delay that grows with its failures in a row; return the delay."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        delay = full_jitter(failures, floor=self._floor, cap=self._cap, fraction=self._random())
        self.add(key, delay)
        return delay

    def forget(self, key: K) -> None:
        """Forget the key's failures: it succeeded, or is gone."""
        self._failures.pop(key, None)

    def close(self) -> None:
        """Hand out nothing more; what is worked on may be finished."""
        self._closed = True
        self._wake()

    async def wait_idle(self) -> None:
        """Wait until no key is worked on."""
        while self._active:
            await self._changed.wait()

    def _is_due(self) -> bool:
        """Tell whether a key may be handed out; if not, see to it that takers wake when it may."""
        due = self._waiting.earliest()
        if due is None:
            return False
        if due <= _loop_time():
            return True
        if self._alarm is None or due < self._alarm[0]:
            self._set_alarm(due)
        return False

    def _set_alarm(self, due: float) -> None:
        if self._alarm is not None:
            self._alarm[1].cancel()
        self._alarm = due, asyncio.get_running_loop().call_at(due, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed.clear()


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
