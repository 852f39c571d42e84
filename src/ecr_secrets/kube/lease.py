"""The Lease that candidates compete for: what we read of it, and what we write into it. Pure.

The times in it come from the writer's wall clock and are for people: nothing is decided by them.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from ecr_secrets.core.objects import ObjectMeta

_INSTANT = timedelta(microseconds=1)  # the smallest difference that a MicroTime can show
_MOST_TRANSITIONS = 2**31 - 1  # an int32; one more would be refused, for ever
_RELEASED = 1  # seconds; the API accepts no shorter duration


class LeaseSpec(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The fields of `spec` that an election is about; None: not set.

    The others, such as `preferredHolder` and `strategy`, are neither read nor written.
    """

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """A `coordination.k8s.io/v1` Lease, as it stands on the wire."""

    metadata: ObjectMeta
    spec: LeaseSpec = LeaseSpec()

    @property
    def holder(self) -> str:
        """Who leads according to it; "": nobody."""
        return self.spec.holder_identity or ""


def claimed(
    found: LeaseSpec | None, identity: str, *, now: datetime, duration: timedelta
) -> LeaseSpec:
    """Say what a Lease says once it is ours: renewed if it was, else taken over.

    Args:
        found: what it says before. None: there is none yet.
        identity: who we are.
        now: by our wall clock.
        duration: for how long others have to wait, as shown to them, in whole seconds.
    """
    at = format_micro_time(now)
    spec = found or LeaseSpec()
    acquired, transitions = spec.acquire_time or at, spec.lease_transitions or 0
    if found and found.holder_identity != identity:
        acquired, transitions = at, min(transitions + 1, _MOST_TRANSITIONS)
    return LeaseSpec(
        holder_identity=identity,
        lease_duration_seconds=max(1, math.ceil(duration.total_seconds())),
        acquire_time=acquired,
        renew_time=at,
        lease_transitions=transitions,
    )


def released(found: LeaseSpec, *, now: datetime) -> LeaseSpec:
    """Say what our Lease says once it is free for anybody, in the manner of client-go."""
    return msgspec.structs.replace(
        found,
        holder_identity="",
        lease_duration_seconds=_RELEASED,
        renew_time=format_micro_time(now),
    )


def format_micro_time(instant: datetime) -> str:
    """Write an instant as a MicroTime: RFC 3339, UTC, with six digits, or it would be refused."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class Stamps:
    """Reads a wall clock, and never one instant twice, even off a clock that stands still.

    Others learn that a holder lives from nothing but a change of its Lease.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._last = datetime.min.replace(tzinfo=UTC)
        self._repeats = 0

    def next(self) -> datetime:
        """Return the time now, or an instant after it that was not given out yet."""
        now = self._clock()
        self._repeats = self._repeats + 1 if now == self._last else 0
        self._last = now
        return now + self._repeats * _INSTANT
