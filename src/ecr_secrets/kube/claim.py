"""When a candidate may claim the Lease. Pure.

What must stay true: no two candidates lead at once, however wrong their wall clocks are. A holder
leads for `renew_deadline` from the moment it asked for its last renewal. Any other waits for
`lease`, which is longer, from the moment it saw the last change, which is later. Both are spans on
their own monotonic clocks.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from ecr_secrets.kube.lease import Lease

_SPREAD = 0.2  # of `retry`: candidates that started together do not ask together for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTiming:
    """The spans of an election; the defaults are those of client-go."""

    lease: timedelta = timedelta(seconds=15)  # for which others wait without seeing a renewal
    renew_deadline: timedelta = timedelta(seconds=10)  # for which a holder leads without one
    retry: timedelta = timedelta(seconds=2)  # from one attempt to the next, and up to 20 % more
    # Gives a number in [0, 1): the jitter of all this.
    random: Callable[[], float] = random.random  # noqa: S311 - guards no secret

    def __post_init__(self) -> None:
        """Refuse spans with which two could lead, or with which nobody could renew in time.

        Raises:
            ValueError: names what has to be longer.
        """
        if self.lease <= self.renew_deadline:
            raise ValueError("lease: must be longer than renew_deadline")
        if self.renew_deadline <= self.retry * (1 + _SPREAD):
            raise ValueError("renew_deadline: must be longer than retry and its jitter")

    @property
    def request_timeout(self) -> timedelta:
        """How long one request may take, so that one which hangs leaves time for another."""
        return self.renew_deadline / 2

    def pause(self) -> timedelta:
        """Choose the time from one attempt to the next."""
        return self.retry * (1 + _SPREAD * self.random())


@dataclass(frozen=True, slots=True)
class Observation:
    """What the Lease says, and since when."""

    lease: Lease | None  # None: there is none
    # When it was first seen to say so, in seconds of our monotonic clock. -inf: there was none
    # already when we came, so nobody's turn has to be waited out.
    since: float
    # Whether a look has failed since: a Lease may have been made and deleted meanwhile.
    doubtful: bool = False


def observe(before: Observation | None, lease: Lease | None, *, at: float) -> Observation:
    """Take in what a look has shown.

    Only a change of what the Lease says counts, not one of its metadata.

    Args:
        before: what was known. None: this is the first look.
        lease: what was found. None: there is none.
        at: when the answer was there.
    """
    if before is None:
        return Observation(lease, -math.inf if lease is None else at)
    return Observation(lease, before.since if _says_the_same(before, lease) else at)


def doubt(before: Observation | None) -> Observation | None:
    """Take in that a look has failed."""
    return replace(before, doubtful=True) if before else None


def claimable_from(
    seen: Observation, identity: str, *, leading: bool, timing: LeaseTiming
) -> float:
    """Say from when on the Lease may be claimed, on the clock of `seen`; -inf: at once.

    For how long a silent holder is waited for is our own affair: a Lease that somebody has edited
    to last a year is not believed. One that is deleted says nothing of its holder, who may be
    alive, and is waited for likewise: the holder itself makes it anew at once. (Whose Lease is
    made and deleted between two looks of ours is not seen: both may lead until its next renewal.)

    Args:
        seen: what the Lease says.
        identity: who we are.
        leading: whether we lead; then nobody else can have held the Lease in between.
        timing: how long to wait.
    """
    free = leading if seen.lease is None else seen.lease.holder in {"", identity}
    return -math.inf if free else seen.since + timing.lease.total_seconds()


def _says_the_same(before: Observation, now: Lease | None) -> bool:
    if before.lease is None or now is None:
        return before.lease is now and not before.doubtful
    return before.lease.spec == now.spec
