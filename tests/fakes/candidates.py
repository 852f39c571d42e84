"""Candidates of an election in virtual time, which lead, crash and hang as told."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from ecr_secrets.kube.claim import LeaseTiming
from ecr_secrets.kube.election import Election
from tests.fakes.leases import KEY, FakeLeaseClient, FakeLeases, Passage
from tests.fakes.virtual_time import run_in_virtual_time

EPOCH = datetime(2026, 3, 1, tzinfo=UTC)

Clock = Callable[[], datetime]


def now() -> float:
    """Read the virtual clock."""
    return asyncio.get_running_loop().time()


def a_clock(*, skew: timedelta = timedelta(0), rate: float = 1.0) -> Clock:
    """Make a wall clock that is wrong by `skew` and runs at `rate`."""
    return lambda: EPOCH + skew + timedelta(seconds=now() * rate)


class Candidate:
    """A process that takes part; `told` is what it was told, and when."""

    def __init__(
        self,
        leases: FakeLeases,
        identity: str,
        *,
        passages: Iterable[Passage] = (),
        clock: Clock | None = None,
        jitter: float = 0.0,
        on_change: Callable[["Candidate", bool], None] | None = None,
    ) -> None:
        self.identity = identity
        self.client = FakeLeaseClient(leases, passages)
        self.told: list[tuple[float, bool]] = []
        self._on_change = on_change
        self._alive = True
        self.election = Election(
            self.client,
            KEY,
            identity=identity,
            clock=clock or a_clock(),
            timing=LeaseTiming(random=lambda: jitter),
            on_change=self._take_note,
        )
        self.task = asyncio.get_running_loop().create_task(self.election.run())

    @property
    def leading(self) -> bool:
        """Whether work could be done by it now."""
        return self._alive and self.election.leading

    async def crash(self) -> None:
        """End without a word; requests under way may still arrive."""
        self._alive = False
        await self._stop()

    async def shut_down(self) -> None:
        """End in good order."""
        await self._stop()
        await self.election.release()

    async def _stop(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])

    def _take_note(self, leading: bool) -> None:
        self.told.append((now(), leading))
        if self._on_change:
            self._on_change(self, leading)


def virtual(scenario: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test in virtual time."""

    def test() -> None:
        run_in_virtual_time(scenario())

    test.__name__, test.__doc__ = scenario.__name__, scenario.__doc__
    return test


async def until(condition: Callable[[], bool], *, within: float = 60) -> float:
    """Wait for a condition; return how long it took, to a tenth of a second."""
    began = now()
    while not condition():
        assert now() - began < within, "not in time"
        await asyncio.sleep(0.1)
    return now() - began


async def a_leader(leases: FakeLeases, identity: str = "a", **how: Any) -> Candidate:
    """Make a candidate that leads."""
    candidate = Candidate(leases, identity, **how)
    await until(lambda: candidate.leading)
    return candidate


async def a_pair(leases: FakeLeases) -> tuple[Candidate, Candidate]:
    """Make one that leads, and one that stands by and has seen it."""
    leader = await a_leader(leases)
    follower = Candidate(leases, "b")
    await asyncio.sleep(3)
    return leader, follower
