"""Which targets failed a moment ago, and when each is worth another try."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from ecr_secrets.core.backoff import full_jitter
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import OperatorError

FLOOR = timedelta(seconds=1)
CAP = timedelta(seconds=45)  # everything is right again within 60 s after a fault ends


@dataclass(frozen=True, slots=True)
class Failed:
    """The last of some failures in a row."""

    times: int
    error: OperatorError
    not_before: float  # monotonic seconds


class Retries:
    """Back-off per target: one that keeps failing is left alone for a while, alone.

    State is touched only between awaits of one event loop.
    """

    def __init__(self, *, clock: Callable[[], float], random: Callable[[], float]) -> None:
        """Start with a clean slate; the clock counts monotonic seconds."""
        self._clock = clock
        self._random = random
        self._failed: dict[tuple[str, ObjectKey], Failed] = {}

    def failed(self, credential: str, target: ObjectKey, error: OperatorError) -> None:
        """Note a failure; the next try moves further away with each in a row."""
        old = self._failed.get((credential, target))
        times = old.times + 1 if old else 1
        wait = full_jitter(times, floor=FLOOR, cap=CAP, fraction=self._random())
        not_before = self._clock() + wait.total_seconds()
        self._failed[credential, target] = Failed(times, error, not_before)

    def rest(
        self, credential: str, target: ObjectKey, error: OperatorError, wait: timedelta
    ) -> None:
        """Leave a target alone for a fixed while, although it did not fail."""
        self._failed[credential, target] = Failed(1, error, self._clock() + wait.total_seconds())

    def succeeded(self, credential: str, target: ObjectKey) -> None:
        """Forget the failures of a target."""
        self._failed.pop((credential, target), None)

    def last(self, credential: str, target: ObjectKey) -> Failed | None:
        """Return what failed last; None: nothing, or it has succeeded since."""
        return self._failed.get((credential, target))

    def is_waiting(self, credential: str, target: ObjectKey) -> bool:
        """Tell whether the target should be left alone for now."""
        failed = self.last(credential, target)
        return failed is not None and failed.not_before > self._clock()

    def next_try(self, credential: str, targets: Iterable[ObjectKey]) -> timedelta | None:
        """Tell how long until the first of these targets may be tried again; None: none failed."""
        known = (self._failed.get((credential, target)) for target in targets)
        waits = [failed.not_before - self._clock() for failed in known if failed]
        return timedelta(seconds=max(0.0, min(waits))) if waits else None

    def forget(self, credential: str, *, keep: Iterable[ObjectKey] = ()) -> None:
        """Drop what is known of a credential's targets, except of those it still has."""
        kept = set(keep)
        for key in [key for key in self._failed if key[0] == credential and key[1] not in kept]:
            del self._failed[key]
