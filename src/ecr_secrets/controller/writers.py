"""The workers that every write of a Secret passes through: bounded at once and per second.

The pull secret that expires soonest goes first, whichever credential it belongs to. What a pod
waits for needs none of the workers: namespaces whose writes hang may keep all of them.
"""

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from ecr_secrets.controller.allowance import Allowance
from ecr_secrets.errors import OperatorError

log = logging.getLogger(__name__)

# For each worker so many more writes may be under way that pods wait for: as many namespaces may
# hang, each with a pod, before one elsewhere waits for a request's deadline.
FOR_PODS = 4


@dataclass(frozen=True, slots=True, order=True)
class _Job:
    expires_at: datetime
    sequence: int
    call: Callable[[], Awaitable[None]] = field(compare=False)
    done: asyncio.Future[None] = field(compare=False)


class Writers:
    """A fixed number of workers that take the most pressing write, and places for urgent ones.

    State is touched only between awaits of one event loop.
    """

    def __init__(self, *, at_once: int, per_second: float) -> None:
        """Prepare the workers; nothing runs before `run`.

        Args:
            at_once: how many writes are under way at the same time, urgent ones apart.
            per_second: how many are begun per second on average; 0: no limit.
        """
        self.at_once = at_once
        self._allowance = Allowance(per_second=per_second, burst=float(at_once))
        self._jobs: list[_Job] = []
        self._group: asyncio.TaskGroup | None = None  # of urgent writes
        self._urgent = 0  # writes that have a place
        self._sequence = count()
        self._arrived = asyncio.Event()
        self._busy: dict[int, float] = {}  # loop time of the beginning, by job
        self._returned = asyncio.Event()  # set and cleared at once: wakes all who wait, stays unset

    def submit(
        self, call: Callable[[], Awaitable[None]], *, expires_at: datetime
    ) -> asyncio.Future[None]:
        """Have a write done; cancelling the future before it has begun takes it back.

        Args:
            call: does the write.
            expires_at: when what stands there now expires: the sooner, the earlier its turn.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._jobs, _Job(expires_at, next(self._sequence), call, done))
        self._arrived.set()
        return done

    @property
    def has_place(self) -> bool:
        """Whether there is a place for an urgent write."""
        return self._urgent < FOR_PODS * self.at_once

    def begin(self, call: Callable[[], Awaitable[None]], *, now: datetime) -> asyncio.Future[None]:
        """Have a write done that a pod waits for, without a worker; there has to be a place.

        Only while the workers run. Cancelling the future takes the write back, as long as it is
        held up by the limit per second.

        Args:
            call: does the write.
            now: the present.
        """
        if self._group is None:
            raise RuntimeError("the writers do not run")
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        job = _Job(now, next(self._sequence), call, done)
        self._urgent += 1
        self._group.create_task(self._do_in_place(job), name="urgent write")
        return done

    def longest_busy(self) -> timedelta:
        """Tell how long the slowest write under way has taken so far."""
        now = asyncio.get_running_loop().time()
        return timedelta(seconds=max((now - since for since in self._busy.values()), default=0))

    async def wait_idle(self) -> None:
        """Wait until no write is under way."""
        while self._busy:
            await self._returned.wait()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            for number in range(self.at_once):
                group.create_task(self._work(), name=f"writer {number}")

    async def _do_in_place(self, job: _Job) -> None:
        try:
            await self._wait_allowed()
            if not job.done.cancelled():
                await self._do(job)
        finally:
            self._urgent -= 1

    async def _wait_allowed(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            wait = self._allowance.take(loop.time())
            if not wait:
                return
            await asyncio.sleep(wait)

    async def _work(self) -> None:
        while True:
            await self._do(await self._take())

    async def _do(self, job: _Job) -> None:
        self._busy[job.sequence] = asyncio.get_running_loop().time()
        try:
            await job.call()
        except Exception as error:  # noqa: BLE001 - a worker outlives any one write
            _tell(job.done, error)
        else:
            _tell(job.done, None)
        finally:
            del self._busy[job.sequence]
            self._returned.set()
            self._returned.clear()

    async def _take(self) -> _Job:
        loop = asyncio.get_running_loop()
        while True:
            while not self._jobs:
                self._arrived.clear()
                await self._arrived.wait()
            if self._jobs[0].done.cancelled():
                heapq.heappop(self._jobs)
                continue
            wait = self._allowance.take(loop.time())
            if not wait:
                return heapq.heappop(self._jobs)
            await asyncio.sleep(wait)  # a more pressing job may come meanwhile


def _tell(done: asyncio.Future[None], error: Exception | None) -> None:
    """Hand over how it went; where nobody waits any more, a bug still has to be heard of."""
    if done.done():
        if error and not isinstance(error, OperatorError):
            log.error("write crashed", exc_info=error)
    elif error:
        done.set_exception(error)
    else:
        done.set_result(None)
