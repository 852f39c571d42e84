"""Carries out a plan: one write per target, for a bounded time, each failure on its own.

A rollout of thousands of writes is done in passes of about a second, so that a change that comes
in meanwhile is looked at in the next one and overtakes the rest. A write that hangs does not hold
up its pass: it goes on alone, and its target is left out until it is through. What a pod waits for
goes first, also when it came after the pass had begun, and the pod is told as soon as it is there.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from ecr_secrets.controller.demand import Demand
from ecr_secrets.controller.secret_writer import SecretWriter
from ecr_secrets.controller.writers import Writers
from ecr_secrets.core.actions import Action, Delete, Write
from ecr_secrets.core.content import Content
from ecr_secrets.core.credential import Credential
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.order import ordered_jobs
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.standing import Outcome
from ecr_secrets.errors import OperatorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What to carry out."""

    credential: Credential
    actions: tuple[Action, ...]
    content: Content | None  # None: the plan writes nothing
    first: Collection[ObjectKey]  # targets that do not wait behind a rollout
    now: datetime


@dataclass(slots=True, kw_only=True)
class _Pass:
    """One pass over a plan, and what it has come to so far."""

    assignment: Assignment
    over: float  # loop time
    written: dict[ObjectKey, PullSecret] = field(default_factory=dict)
    deleted: set[ObjectKey] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """Has the writes of a plan done, and says what came of it.

    State is touched only between awaits of one event loop.
    """

    writer: SecretWriter
    writers: Writers
    pass_length: timedelta
    look_again: Callable[[str], None]  # called with the credential when a straggler is through
    may_write: Callable[[str], bool]  # whether a credential is ours to write for, now
    demand: Demand  # the targets that pods wait for: these go first, and are told of at once
    # By credential: two that want the same target do not wait for each other, since the API
    # server lets only one of them in.
    _under_way: set[tuple[str, ObjectKey]] = field(default_factory=set, init=False)

    async def carry_out(self, assignment: Assignment) -> Outcome:
        """Work on the plan until it is done or the pass is over."""
        over = asyncio.get_running_loop().time() + self.pass_length.total_seconds()
        this = _Pass(assignment=assignment, over=over)
        jobs = ordered_jobs(assignment.actions, first=assignment.first, now=assignment.now)
        self.writer.settled(assignment.credential, assignment.actions)
        await self._run(this, [job for job in jobs if self._is_due(this, job)])
        open_ = {job.target for job in jobs} - this.written.keys() - this.deleted
        # Of those that are right as well: a contested one is, for the moment.
        targets = {action.target for action in assignment.actions} - this.deleted
        troubles = (
            (target, self.writer.trouble(assignment.credential, target)) for target in targets
        )
        failures = {target: error for target, error in troubles if error}
        return Outcome(
            written=this.written,
            deleted=frozenset(this.deleted),
            failures=failures,
            postponed=frozenset(open_ - failures.keys()),
        )

    def next_try(self, name: str, outcome: Outcome) -> timedelta | None:
        """Tell when the rest of a plan is worth another pass; None: nothing is left to do.

        What is under way is left out: `look_again` is called when it is through.
        """
        left = outcome.failures.keys() | outcome.postponed
        retries = self.writer.retries
        idle = (target for target in left if (name, target) not in self._under_way)
        if any(not retries.is_waiting(name, target) for target in idle):
            return timedelta(0)
        return retries.next_try(name, left)

    def _is_due(self, this: _Pass, job: Write | Delete) -> bool:
        # A straggler may have come through after the world was looked at: the next pass sees that.
        name, first = this.assignment.credential.name, this.assignment.first
        if (name, job.target) in self._under_way or self.writer.is_overtaken(job):
            return False
        if self.writer.is_resting(this.assignment.credential, job.target):
            return False
        return job.target in first or not self.writer.retries.is_waiting(name, job.target)

    async def _run(self, this: _Pass, jobs: Iterable[Write | Delete]) -> None:
        """Start what pods wait for, and the rest a few at a time, until the pass is over."""
        loop = asyncio.get_running_loop()
        begun: list[asyncio.Future[None]] = []
        placed: set[asyncio.Future[None]] = set()  # those under way that need no worker
        queued: set[asyncio.Future[None]] = set()  # those that do
        to_do = {job.target: job for job in jobs}
        while to_do and loop.time() < this.over:
            awaited = self._first_awaited(this, to_do)
            if awaited and self.writers.has_place:
                call = partial(self._do, this, to_do.pop(awaited))
                begun.append(self.writers.begin(call, now=this.assignment.now))
                placed.add(begun[-1])
            elif len(queued) < self.writers.at_once:
                begun.append(self._submit(this, to_do.pop(awaited or next(iter(to_do)))))
                queued.add(begun[-1])
            else:
                left = max(0.0, this.over - loop.time())
                done, _ = await asyncio.wait(
                    placed | queued, timeout=left, return_when=asyncio.FIRST_COMPLETED
                )
                placed -= done
                queued -= done
        if placed or queued:
            await asyncio.wait(placed | queued, timeout=max(0.0, this.over - loop.time()))
        _finish(begun)

    def _first_awaited(
        self, this: _Pass, to_do: Mapping[ObjectKey, Write | Delete]
    ) -> ObjectKey | None:
        """Return the target that a pod has waited for longest; None: nobody waits."""
        awaited = self.demand.waiting(this.assignment.credential.name)
        return next((target for target in awaited if target in to_do), None)

    def _submit(self, this: _Pass, job: Write | Delete) -> asyncio.Future[None]:
        expires_at = job.found.stamp.expires_at if job.found else None
        return self.writers.submit(
            partial(self._do, this, job), expires_at=expires_at or this.assignment.now
        )

    async def _do(self, this: _Pass, job: Write | Delete) -> None:
        credential = this.assignment.credential
        if not self.may_write(credential.name):
            return  # leadership ended meanwhile: the next leader finds it undone
        self._under_way.add((credential.name, job.target))
        try:
            if isinstance(job, Delete):
                await self.writer.delete(job, credential)
                this.deleted.add(job.target)
            elif this.assignment.content:
                this.written[job.target] = await self.writer.write(
                    job,
                    this.assignment.content,
                    credential,
                    touched=job.target in this.assignment.first,
                )
                self.demand.serve(credential.name, job.target)
        except OperatorError as error:
            _let_go(error)  # the writer has noted it
        finally:
            self._under_way.discard((credential.name, job.target))
            if asyncio.get_running_loop().time() >= this.over:
                self.look_again(credential.name)


def _finish(begun: Iterable[asyncio.Future[None]]) -> None:
    """Take back what has not begun, then let a bug through."""
    bugs: list[BaseException] = []
    for future in begun:
        if not future.done():
            future.cancel()
        elif bug := future.exception():
            bugs.append(bug)
    if bugs:
        raise bugs[0]


def _let_go(error: BaseException | None) -> None:
    """Free the frames an error came through: it is remembered, and they know the whole pass."""
    while error:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
