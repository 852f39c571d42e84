"""How long an informer waits: for a sign of life on a watch, and before it tries again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ecr_secrets.core.backoff import full_jitter
from ecr_secrets.errors import GoneError, OperatorError, ThrottledError

_AT_ONCE = timedelta(0)

# An API server that sheds load asks for a second; a proxy may ask for anything.
_LONGEST_RETRY_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The time-outs and pauses of an informer."""

    # The server ends a watch after a random time between these, so that not all end at once.
    shortest_watch: timedelta = timedelta(minutes=4)
    longest_watch: timedelta = timedelta(minutes=8)
    # No event, no bookmark: the watch counts as dead. An idle kube-apiserver 1.36 was seen to send
    # the first bookmark after 120 s and one every 60 s from then on. Earlier than 60 s, a healthy
    # watch would never get to advance; at 75 s, at worst a healthy one is opened again.
    idle: timedelta = timedelta(seconds=75)
    # A watch that lasts this long ends a row of failures. Less than `idle`, or a watch that is
    # merely quiet would count as a failure.
    healthy: timedelta = timedelta(seconds=10)
    floor: timedelta = timedelta(seconds=0.1)  # before another attempt
    cap: timedelta = timedelta(seconds=20)  # likewise; what was missed is seen this late at worst
    # Gives a number in [0, 1): the jitter of all this.
    random: Callable[[], float] = random.random  # noqa: S311 - guards no secret

    def watch_seconds(self) -> int:
        """Choose a watch's `timeoutSeconds`."""
        spread = self.longest_watch - self.shortest_watch
        return round((self.shortest_watch + spread * self.random()).total_seconds())


class Pace:
    """Spaces attempts at listing and watching, by how the last ones went."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._failures = 0  # in a row
        self._gone = False  # whether the last one was answered with 410

    def pause(self, error: OperatorError | None, *, watched: timedelta) -> timedelta:
        """Say how long to wait now that a watch has ended or could not begin.

        A watch that ends soon counts as a failure even when it ends in good order: a server that
        does nothing else must not be asked without pause.

        Args:
            error: how the watch ended. None: in good order.
            watched: how long it lasted; zero when it could not begin.
        """
        if watched >= self._timing.healthy:
            self._failures = 0
            if error is None:
                return _AT_ONCE
        # A 410 is a sign of life: what kept us before has passed, unless it is all there is.
        gone = isinstance(error, GoneError)
        if gone and not self._gone:
            self._failures = 0
        self._gone = gone
        self._failures += 1
        jitter = full_jitter(
            self._failures,
            floor=self._timing.floor,
            cap=self._timing.cap,
            fraction=self._timing.random(),
        )
        return _retry_after(error) + jitter


def _retry_after(error: OperatorError | None) -> timedelta:
    return (
        min(error.retry_after, _LONGEST_RETRY_AFTER)
        if isinstance(error, ThrottledError)
        else _AT_ONCE
    )
