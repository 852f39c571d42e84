"""How often something may be done within a span."""

from collections import deque
from datetime import timedelta


class Restraint:
    """Lets through so many within any such span, at once if they come at once.

    State is touched only between awaits of one event loop.
    """

    def __init__(self, times: int, *, within: timedelta) -> None:
        """Let everything through that often.

        Args:
            times: how often.
            within: the span.
        """
        self._within = within
        self._taken: deque[float] = deque(maxlen=times)

    def take(self, at: float) -> bool:
        """Tell whether it may be done now, and count it if so.

        Args:
            at: seconds, by a clock that never jumps.
        """
        full = len(self._taken) == self._taken.maxlen
        if full and at - self._taken[0] < self._within.total_seconds():
            return False
        self._taken.append(at)
        return True
