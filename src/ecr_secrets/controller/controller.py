"""The workers: take a credential that is due, reconcile it, and say when it is due again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import timedelta
from typing import TypeAlias

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import InternalError, OperatorError
from ecr_secrets.kube.workqueue import QueueClosedError, WorkQueue
from ecr_secrets.metrics import failures_total, queue_depth, reconciles_total

log = logging.getLogger(__name__)

# Reconciles one credential, some of its targets first; returns when to look again, None: never.
Reconcile: TypeAlias = Callable[[str, Collection[ObjectKey]], Awaitable[timedelta | None]]

RETRY_FLOOR = timedelta(seconds=1)
RETRY_CAP = timedelta(seconds=45)  # everything is right again within 60 s after a fault ends


class Controller:
    """Keeps workers on the queue of credentials.

    State is touched only between awaits of one event loop.
    """

    def __init__(
        self,
        reconcile: Reconcile,
        queue: WorkQueue[str],
        *,
        take_first: Callable[[str], Collection[ObjectKey]],
        tell_failure: Callable[[str, OperatorError], None],
    ) -> None:
        """Prepare the workers; nothing is worked on before `run`.

        Args:
            reconcile: what to do with a credential.
            queue: the credentials that want a look.
            take_first: hands over the targets that changed since the last look.
            tell_failure: tells those who wait for a credential why its look failed.
        """
        self._reconcile = reconcile
        self._queue = queue
        self._take_first = take_first
        self._tell_failure = tell_failure
        self._busy: dict[str, float] = {}  # by credential: loop time of the beginning

    async def run(self, workers: int) -> None:
        """Work until the queue is closed and what was begun is done.

        Args:
            workers: how many; what is urgent waits for none of them.
        """
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(self._work(), name=f"worker {number}")
            with suppress(QueueClosedError):
                while True:
                    name = await self._queue.take(urgent_only=True)
                    group.create_task(self._look_at(name), name=f"urgent {name}")

    def longest_busy(self) -> timedelta:
        """Tell how long the slowest look under way has taken so far."""
        now = asyncio.get_running_loop().time()
        return timedelta(seconds=max((now - since for since in self._busy.values()), default=0))

    async def _work(self) -> None:
        with suppress(QueueClosedError):
            while True:
                await self._look_at(await self._queue.take())

    async def _look_at(self, name: str) -> None:
        """Reconcile one credential, which the queue hands out to one at a time."""
        queue_depth.set(len(self._queue))
        self._busy[name] = asyncio.get_running_loop().time()
        try:
            after = await self._reconcile(name, self._take_first(name))
        except Exception as error:  # noqa: BLE001 - a worker outlives any one credential
            self._failed(name, error)
        else:
            reconciles_total.labels(result="success").inc()
            self._queue.forget(name)
            if after is not None:
                self._queue.add(name, after)
        finally:
            del self._busy[name]
            self._queue.done(name)

    def _failed(self, name: str, error: Exception) -> None:
        """Log an error as what it is, an expected one or a bug, and have another try."""
        wait = self._queue.retry(name)
        fields = {"credential": name, "requeue_after_seconds": wait.total_seconds()}
        expected = error if isinstance(error, OperatorError) else InternalError("a bug of ours")
        self._tell_failure(name, expected)
        if isinstance(error, OperatorError):
            reconciles_total.labels(result="failure").inc()
            failures_total.labels(reason=error.reason).inc()
            fields |= {"reason": error.reason, "error": str(error)}
            log.warning("reconcile failed", extra=fields)
            return
        reconciles_total.labels(result="crash").inc()
        failures_total.labels(reason=InternalError.reason).inc()
        log.error("reconcile crashed", extra=fields, exc_info=error)
