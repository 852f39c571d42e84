"""What pods wait for: refreshes asked for by the admission webhook, shared by all who ask."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import NotFoundError, OperatorError, UnavailableError

_Waiting: TypeAlias = dict[ObjectKey, asyncio.Future[None]]

# Between two looks at one credential that were asked for: a flood of reviews, forged ones
# included, costs a look a second and no more.
FLOOR = timedelta(seconds=1)
# What fails for so long is somebody's to mend, and the next pod's to ask for: without an end, one
# namespace that refuses its Secret would have every replica that was asked act as a leader does.
OWED_FOR = timedelta(hours=1)
# For a namespace to be seen that was made in the same breath as the pod; longer than a pod waits.
_PATIENCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a look at a credential has ended."""

    # Targets that it was about. Others cannot be served, and are waited for only as long as their
    # namespace may be too new to be seen.
    known: Collection[ObjectKey] = ()
    failures: Mapping[ObjectKey, OperatorError] = field(default_factory=dict)  # why not, by target
    problem: OperatorError | None = None  # why none of the rest; None: they are being worked on
    through: bool = True  # whether every target has what a pod can rely on


class Demand:
    """Lets callers wait for a target to be refreshed.

    State is touched only between awaits of one event loop.
    """

    def __init__(self, wake: Callable[[str, timedelta], None]) -> None:
        """Start with nobody waiting.

        Args:
            wake: has a credential looked at after a while, before those that nobody waits for.
        """
        self._wake = wake
        self._waiting: defaultdict[str, _Waiting] = defaultdict(dict)
        self._looked_at: dict[str, float] = {}  # loop time of the last look asked for
        self._asked_at: dict[tuple[str, ObjectKey], float] = {}  # loop time, of those waited for
        # Refreshes that a pod asked for and that are not through, with the loop time of the last
        # question: whatever fails is tried again, since a pod that was admitted with a warning
        # does not ask once more.
        self._owed: dict[str, float] = {}
        self._paid = asyncio.Event()  # set and cleared at once: wakes all who wait, stays unset

    async def refresh_now(self, name: str, target: ObjectKey) -> None:
        """Have a credential refreshed, this target first, and wait for that.

        Everybody who asks meanwhile waits for the same. A caller that stops waiting leaves the
        refresh to go on.

        Raises:
            OperatorError: it could not be refreshed; tells why.
        """
        self._owed[name] = asyncio.get_running_loop().time()
        waiting = self._waiting[name]
        if target not in waiting:
            loop = asyncio.get_running_loop()
            waiting[target] = loop.create_future()
            self._asked_at[name, target] = loop.time()
            since = loop.time() - self._looked_at.get(name, -FLOOR.total_seconds())
            self._wake(name, max(timedelta(0), FLOOR - timedelta(seconds=since)))
        await asyncio.shield(waiting[target])

    def targets(self, name: str) -> frozenset[ObjectKey]:
        """List the targets of a credential that somebody waits for; called by a look."""
        found = frozenset(self._waiting.get(name, ()))
        if found:
            self._looked_at[name] = asyncio.get_running_loop().time()
        return found

    def is_owed(self, name: str) -> bool:
        """Tell whether a refresh that a pod asked for is not through in all namespaces yet.

        One that cannot be done is given up after a while, and forgotten here.
        """
        since = self._owed.get(name)
        if since is None:
            return False
        if asyncio.get_running_loop().time() - since > OWED_FOR.total_seconds():
            self.fail(name, UnavailableError(f"AWSECRCredential {name}: not refreshed in time"))
            self._pay(name)
            return False
        return True

    def waiting(self, name: str) -> Collection[ObjectKey]:
        """List the targets of a credential that somebody waits for, the longest waiting first."""
        return self._waiting.get(name, {}).keys()

    def serve(self, name: str, target: ObjectKey) -> None:
        """Tell those who wait for a target that it holds a fresh pull secret."""
        future = self._waiting.get(name, {}).pop(target, None)
        if future:
            del self._asked_at[name, target]
            _end(future, None)

    def settle(self, name: str, look: Look) -> None:
        """Tell those who wait how a look at a credential has ended; the others go on waiting."""
        waiting = self._waiting.get(name, {})
        for target in list(waiting):
            error = look.failures.get(target) or look.problem
            if target not in look.known and self._is_overdue(name, target):
                error = NotFoundError(f"Secret {target}: there is no such namespace to serve")
            if error:
                del self._asked_at[name, target]
                _end(waiting.pop(target), error)
        if not waiting:
            self._waiting.pop(name, None)
            if look.through or not self.is_owed(name):
                self._pay(name)

    def fail(self, name: str, error: OperatorError) -> None:
        """Tell everybody who waits for a credential why it could not be looked at."""
        for target, future in self._waiting.pop(name, {}).items():
            del self._asked_at[name, target]
            _end(future, error)

    def forget(self, name: str) -> None:
        """Drop what is known of a credential that is gone."""
        self._looked_at.pop(name, None)
        self.fail(name, NotFoundError(f"AWSECRCredential {name}: is gone"))
        self._pay(name)

    async def wait_paid(self) -> None:
        """Wait until nothing is owed."""
        while self._owed:
            await self._paid.wait()

    def _pay(self, name: str) -> None:
        self._owed.pop(name, None)
        self._paid.set()
        self._paid.clear()

    def _is_overdue(self, name: str, target: ObjectKey) -> bool:
        waited = asyncio.get_running_loop().time() - self._asked_at[name, target]
        return waited > _PATIENCE.total_seconds()


def _end(future: asyncio.Future[None], error: OperatorError | None) -> None:
    """End a wait; that nobody waits any more is no reason to complain."""
    if error is None:
        future.set_result(None)
        return
    future.set_exception(error)
    future.exception()  # counts as looked at
