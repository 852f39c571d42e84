"""Which key is worked on next: each key once, the earliest first, never two workers on one key.

Urgent keys go before all others, and can be taken apart from them. The clock is the running event
loop's.
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
        self._urgent: Agenda[K] = Agenda()  # instants are loop times
        self._waiting: Agenda[K] = Agenda()  # those that are not urgent
        self._active: set[K] = set()  # worked on
        # Worked on, and then due from this loop time on; whether that is urgent.
        self._again: dict[K, tuple[float, bool]] = {}
        self._failures: dict[K, int] = {}  # in a row
        self._closed = False
        self._changed = asyncio.Event()  # set and cleared at once: wakes all who wait, stays unset
        self._alarm: tuple[float, asyncio.TimerHandle] | None = None  # None: nothing to wake for

    def __len__(self) -> int:
        """Count the keys that are due and wait for a worker."""
        return sum(agenda.count_due(_loop_time()) for agenda in (self._urgent, self._waiting))

    def add(self, key: K, after: timedelta = _AT_ONCE, *, urgent: bool = False) -> None:
        """Have the key handed out once, `after` from now or, if it is due earlier anyway, then.

        Urgent it stays until it is handed out.
        """
        due = _loop_time() + after.total_seconds()
        if key in self._active:
            before, was_urgent = self._again.get(key, (due, False))
            self._again[key] = min(due, before), urgent or was_urgent
            return
        self._put(key, due, urgent=urgent)
        if self._due_agenda():
            self._wake()

    async def take(self, *, urgent_only: bool = False) -> K:
        """Wait for the earliest key that is due and hand it out; `done` must follow.

        A cancelled `take` takes nothing.

        Args:
            urgent_only: take nothing else.

        Raises:
            QueueClosedError: `close` was called.
        """
        while not self._closed:
            if agenda := self._due_agenda(urgent_only=urgent_only):
                key = agenda.pop()
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
        again = self._again.pop(key, None)
        if again is not None:
            due, urgent = again
            self._put(key, due, urgent=urgent)
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

    def _put(self, key: K, due: float, *, urgent: bool) -> None:
        """Note a key in one of the two agendas, with the earliest instant asked for."""
        if urgent and (known := self._waiting.drop(key)) is not None:
            due = min(due, known)
        agenda = self._urgent if urgent or key in self._urgent else self._waiting
        agenda.put(key, due)

    def _due_agenda(self, *, urgent_only: bool = False) -> Agenda[K] | None:
        """Return where a key may be handed out from.

        None: nowhere yet; takers are woken when there is.
        """
        for agenda in (self._urgent,) if urgent_only else (self._urgent, self._waiting):
            due = agenda.earliest()
            if due is None:
                continue
            if due <= _loop_time():
                return agenda
            if self._alarm is None or due < self._alarm[0]:
                self._set_alarm(due)
        return None

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
