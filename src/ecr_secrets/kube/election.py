"""Takes part in the election that a Lease decides: claims it, renews it, gives it up.

What must stay true: we lead only until `renew_deadline` after the moment at which we asked for the
last renewal that the API server confirmed. Whether that moment has passed is read off the clock
each time somebody asks, so a process that was frozen does not lead for even an instant when it
wakes.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from ecr_secrets import metrics
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import ConflictError, NotFoundError, OperatorError, UnavailableError
from ecr_secrets.kube.claim import LeaseTiming, Observation, claimable_from, doubt, observe
from ecr_secrets.kube.lease import Lease, Stamps, claimed, released
from ecr_secrets.kube.lease_object import LeaseObject, SpeaksLease

log = logging.getLogger(__name__)

T = TypeVar("T")

_NEVER = -math.inf


class Election:
    """One candidate. State is touched only between awaits of the event loop it is made in."""

    def __init__(  # noqa: PLR0913 - where, who, how, and whom to tell
        self,
        client: SpeaksLease,
        key: ObjectKey,
        *,
        identity: str,
        clock: Callable[[], datetime],
        on_change: Callable[[bool], None],
        timing: LeaseTiming | None = None,
    ) -> None:
        """Prepare to take part; nothing happens before `run`.

        Args:
            client: open, and kept open until `release` has returned. Best one of its own, so that
                a renewal waits behind no other request.
            key: where the Lease is, or is to be made.
            identity: who we are; no other process may use it at the same time. One that ended
                may have: its Lease is ours then.
            clock: a wall clock, for the times that people read in the Lease.
            on_change: is told when we have begun to lead (True), and when we have stopped
                (False). It must be quick and must not raise.
            timing: None: the defaults.
        """
        self._lease = LeaseObject(client, key)
        self._about = {"object": str(key)}
        self._identity = identity
        self._stamps = Stamps(clock)
        self._on_change = on_change
        self._timing = timing or LeaseTiming()
        self._now = asyncio.get_running_loop().time  # monotonic, as all instants here
        self._deadline = _NEVER  # until when we lead
        self._seen: Observation | None = None  # None: we have not looked yet
        self._entered = False  # whether a write of ours may have made, or may make, it ours
        self._announced = False  # what was told last
        self._leader = ""  # who was told of last; "": nobody
        self._reported = ""  # reason that was logged; "": none since an attempt succeeded

    @property
    def leading(self) -> bool:
        """Whether we lead at this very moment."""
        return self._now() < self._deadline

    async def run(self) -> None:
        """Take part until cancelled, whatever the API server does.

        When cancelled while we lead, we do so until the deadline, unless `release` is called.
        Keep it running until the work of the leader has ended.
        """
        while True:
            began = self._now()
            await self._attempt()
            await asyncio.sleep(self._next_attempt(began) - self._now())
            self._announce()

    async def release(self) -> None:
        """Give the Lease up, if we hold it, so that another may lead at once.

        To be called when the work of the leader has ended and `run` no longer runs. If it fails,
        which the log tells, or takes longer than one request may, the Lease runs out by itself.
        """
        self._deadline = _NEVER
        self._announce()
        if not self._entered:
            return
        try:
            await self._bounded(self._hand_back())
        except OperatorError as error:
            fields = {"reason": error.reason, "error": str(error)}
            log.warning("lease not released", extra=self._about | fields)

    async def _attempt(self) -> None:
        """Try once to get or to keep the Lease."""
        try:
            await self._campaign()
        except OperatorError as error:
            if error.reason != self._reported:
                self._reported = error.reason
                fields = {"reason": error.reason, "error": str(error)}
                log.warning("election interrupted", extra=self._about | fields)
        else:
            self._reported = ""
        self._announce()

    async def _campaign(self) -> None:
        if not self.leading:  # else nobody but us is to have changed it
            await self._look()
        try:
            await self._claim()
        except (ConflictError, NotFoundError):
            await self._look()
            await self._claim()

    async def _look(self) -> None:
        try:
            lease = await self._bounded(self._lease.read())
        except OperatorError:
            self._seen = doubt(self._seen)
            raise
        self._take_in(lease)

    async def _claim(self) -> None:
        """Write the Lease as ours, if its turn has come."""
        seen = self._seen
        if seen is None or self._now() < self._claimable_from(seen):
            return
        found = seen.lease
        spec = claimed(
            found.spec if found else None,
            self._identity,
            now=self._stamps.next(),
            duration=self._timing.lease,
        )
        began = self._now()
        self._entered = True
        lease = await self._bounded(self._lease.write(found, spec))
        self._announce()  # the deadline may have passed meanwhile, and that is told
        self._take_in(lease)
        if lease.holder == self._identity:
            self._deadline = began + self._timing.renew_deadline.total_seconds()

    async def _hand_back(self) -> None:
        try:
            await self._give_up()
        except (ConflictError, NotFoundError):  # a last renewal of ours was still under way
            await self._give_up()
        self._entered = False

    async def _give_up(self) -> None:
        lease = await self._lease.read()
        if lease and lease.holder == self._identity:
            await self._lease.write(lease, released(lease.spec, now=self._stamps.next()))

    def _take_in(self, lease: Lease | None) -> None:
        """Remember what the Lease says, and obey if it says that we do not lead."""
        self._seen = observe(self._seen, lease, at=self._now())
        if lease is None:
            return
        if lease.holder != self._identity:
            self._deadline = _NEVER
            self._announce()
        if lease.holder not in {"", self._leader, self._identity}:
            log.info("new leader seen", extra=self._about | {"leader": lease.holder})
        self._leader = lease.holder or self._leader

    def _claimable_from(self, seen: Observation) -> float:
        return claimable_from(seen, self._identity, leading=self.leading, timing=self._timing)

    def _next_attempt(self, began: float) -> float:
        """Choose when to try again: after the usual pause, or sooner, when something ends."""
        usual = began + self._timing.pause().total_seconds()
        if self.leading:
            return min(usual, self._deadline)
        turn = self._claimable_from(self._seen) if self._seen else _NEVER
        return min(usual, turn) if turn > self._now() else usual

    async def _bounded(self, call: Awaitable[T]) -> T:
        """Wait for an answer as long as one request may take, and never past the deadline.

        Raises:
            UnavailableError: there was none.
        """
        seconds = self._timing.request_timeout.total_seconds()
        if self.leading:
            seconds = min(seconds, self._deadline - self._now())
        try:
            async with asyncio.timeout(seconds):
                return await call
        except TimeoutError:
            late = f"leases {self._about['object']}: no answer within {seconds:.1f} s"
            raise UnavailableError(late) from None

    def _announce(self) -> None:
        """Tell whoever wants to know, if something has changed."""
        leading = self.leading
        if leading == self._announced:
            return
        self._announced = leading
        metrics.leader.set(leading)
        message = "started leading" if leading else "stopped leading"
        log.info(message, extra=self._about | {"leader": self._identity})
        self._on_change(leading)
