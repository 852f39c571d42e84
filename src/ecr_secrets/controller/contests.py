"""Notices a pull secret that somebody else keeps changing, so that no war is fought over it."""

from collections import deque
from collections.abc import Callable, Collection
from datetime import timedelta

from ecr_secrets.core.objects import ObjectKey

TIMES = 5  # restored so often within the window, it is contested
WINDOW = timedelta(minutes=1)
REST = timedelta(seconds=30)  # then it is left alone for so long: healed twice a minute at most


class Contests:
    """Remembers when targets were restored.

    State is touched only between awaits of one event loop.
    """

    def __init__(self, *, clock: Callable[[], float]) -> None:
        """Start with peace; the clock counts monotonic seconds."""
        self._clock = clock
        self._restored: dict[tuple[str, ObjectKey], deque[float]] = {}

    def restored(self, credential: str, target: ObjectKey) -> bool:
        """Note that a target was restored; True: that happens too often."""
        times = self._restored.setdefault((credential, target), deque(maxlen=TIMES))
        times.append(self._clock())
        return len(times) == TIMES and times[-1] - times[0] < WINDOW.total_seconds()

    def forget(self, credential: str, *, keep: Collection[ObjectKey] = ()) -> None:
        """Drop what is known of a credential's targets, except of those it still has."""
        for key in [key for key in self._restored if key[0] == credential and key[1] not in keep]:
            del self._restored[key]
