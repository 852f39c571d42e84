"""One informer per thing that credentials need watched, for as long as one of them needs it."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Generic, TypeVar

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import OperatorError, UnavailableError
from ecr_secrets.kube.informer import Informer

# A watch breaks and is taken up again all the time: that is nobody's business.
_PASSING = timedelta(seconds=30)

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Running(Generic[T]):
    informer: Informer[T]
    task: asyncio.Task[None]


class InformerPool(Generic[K, T]):
    """Starts and stops informers as credentials come, change and go.

    State is touched only between awaits of one event loop.
    """

    def __init__(
        self, make: Callable[[K], Informer[T]], *, what: str, look_again: Callable[[str], None]
    ) -> None:
        """Prepare an empty pool.

        Args:
            make: builds the informer for a key.
            what: names the watched things in errors, such as `pull secrets`.
            look_again: is told the credentials whose wait for a first look failed, once there is
                something to see.
        """
        self._make = make
        self._what = what
        self._look_again = look_again
        self._missed: set[K] = set()  # what somebody has waited for in vain
        self._group: asyncio.TaskGroup | None = None
        self._running: dict[K, _Running[T]] = {}
        self._holders: dict[str, frozenset[K]] = {}

    def start(self, group: asyncio.TaskGroup) -> None:
        """Run informers in this group from now on."""
        self._group = group

    def hold(self, holder: str, keys: Collection[K]) -> None:
        """Have these keys watched for a credential, and no longer those it held before."""
        self._holders[holder] = frozenset(keys)
        self._start_missing(holder)
        self._stop_unneeded()

    def hold_also(self, holder: str, keys: Collection[K]) -> None:
        """Have these keys watched for a credential, besides those it holds."""
        self._holders[holder] = self._holders.get(holder, frozenset()).union(keys)
        self._start_missing(holder)

    def _start_missing(self, holder: str) -> None:
        if self._group is None:
            raise RuntimeError("the pool was not started")
        for key in self._holders[holder] - self._running.keys():
            informer = self._make(key)
            name = f"watch {self._what} {key}"
            task = self._group.create_task(self._follow(key, informer), name=name)
            self._running[key] = _Running(informer, task)

    def release(self, holder: str) -> None:
        """Forget a credential that is gone."""
        self._holders.pop(holder, None)
        self._stop_unneeded()

    async def _follow(self, key: K, informer: Informer[T]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(informer.run(), name=f"follow {self._what} {key}")
            await informer.wait_synced()
            if key in self._missed:
                self._missed.discard(key)
                for holder in [name for name, keys in self._holders.items() if key in keys]:
                    self._look_again(holder)

    def _stop_unneeded(self) -> None:
        needed = frozenset().union(*self._holders.values())
        for key in self._running.keys() - needed:
            self._running.pop(key).task.cancel()
            self._missed.discard(key)

    async def wait_synced(self, key: K, within: timedelta) -> None:
        """Wait until everything under a key has been seen once.

        A right that is missing is not waited for: a worker has others to serve.

        Raises:
            OperatorError: it did not come to that in time; the informer's own error if it has one.
        """
        informer = self._running[key].informer
        try:
            await _wait(informer, informer.wait_answered(), f"{self._what} {key}", within)
        except OperatorError:
            self._missed.add(key)
            raise

    async def wait_answered(self, keys: Iterable[K]) -> None:
        """Wait until each key has been seen once or was denied, or is no longer watched."""
        for running in [self._running[key] for key in keys if key in self._running]:
            async with asyncio.TaskGroup() as group:
                answered = group.create_task(running.informer.wait_answered())
                await asyncio.wait({answered, running.task}, return_when=asyncio.FIRST_COMPLETED)
                answered.cancel()

    def store(self, key: K) -> Mapping[ObjectKey, T]:
        """Show what is known under a key; nothing when it is not held."""
        running = self._running.get(key)
        return running.informer.store if running else MappingProxyType({})

    def position(self, key: K) -> str:
        """Tell up to which resource version the store is complete; "": not at all yet."""
        running = self._running.get(key)
        return running.informer.position if running else ""

    def trouble(self, holder: str) -> OperatorError | None:
        """Return what has kept an informer that a credential needs from following for a while."""
        keys = self._holders.get(holder, frozenset())
        found = (trouble(self._running[key].informer) for key in keys)
        return next((error for error in found if error), None)


def trouble(informer: Informer[T]) -> OperatorError | None:
    """Return what has kept an informer from following for so long that users should know."""
    quiet_since = informer.last_progress or 0.0
    lasts = asyncio.get_running_loop().time() - quiet_since > _PASSING.total_seconds()
    return informer.last_error if lasts else None


async def wait_synced(informer: Informer[T], what: str, within: timedelta) -> None:
    """Wait until an informer has seen everything once.

    Args:
        informer: to wait for.
        what: names its objects in the error.
        within: how long to wait.

    Raises:
        OperatorError: it did not come to that in time; the informer's own error if it has one.
    """
    await _wait(informer, informer.wait_synced(), what, within)


async def _wait(
    informer: Informer[T], awaited: Coroutine[None, None, None], what: str, within: timedelta
) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within.total_seconds()):
            await awaited
    if not informer.synced:
        raise informer.last_error or UnavailableError(f"{what} could not be listed in time")
