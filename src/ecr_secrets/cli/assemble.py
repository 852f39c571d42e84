"""The controller, put together: which part knows which."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from ecr_secrets import metrics
from ecr_secrets.controller.contests import Contests
from ecr_secrets.controller.controller import RETRY_CAP, RETRY_FLOOR, Controller
from ecr_secrets.controller.demand import Demand
from ecr_secrets.controller.events import EventRecorder
from ecr_secrets.controller.execute import Executor
from ecr_secrets.controller.harvest import Harvester
from ecr_secrets.controller.reconcile import Reconciler
from ecr_secrets.controller.report import Report
from ecr_secrets.controller.retries import Retries
from ecr_secrets.controller.secret_writer import SecretWriter
from ecr_secrets.controller.status_writer import StatusWriter
from ecr_secrets.controller.supply import Aws, Supplier
from ecr_secrets.controller.teller import Teller
from ecr_secrets.controller.triggers import Triggers
from ecr_secrets.controller.world import View, World
from ecr_secrets.controller.writers import Writers
from ecr_secrets.core.scope import parse_scope
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.workqueue import WorkQueue
from ecr_secrets.settings import Config

_PASS_LENGTH = timedelta(seconds=1)  # a change waits at most this long behind a rollout
_PATIENCE = timedelta(seconds=1)  # a look waits at most this long for AWS
# For a first look at something, before a look fails or a replica takes questions without it: more
# than one request's deadline.
_SYNC_TIMEOUT = timedelta(seconds=15)


def utc_now() -> datetime:
    """Read the clock; everything else is handed the result."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The running parts."""

    world: World
    triggers: Triggers
    demand: Demand
    harvester: Harvester
    writers: Writers
    events: EventRecorder
    controller: Controller
    queue: WorkQueue[str]

    def longest_busy(self) -> timedelta:
        """Tell how long the slowest worker or writer is at its work."""
        return max(self.controller.longest_busy(), self.writers.longest_busy())

    async def wait_seen(self) -> None:
        """Wait until what pods are answered from has been seen once.

        Credentials and namespaces without a bound. Their pull secrets as far as they may be listed,
        and for so long that one list that hangs does not cost the pods of all others the operator.
        """
        await self.world.wait_synced()
        await self.world.wait_pull_secrets(self.triggers.credentials())

    def look_at_all(self) -> None:
        """Have every credential looked at: leadership has come to us."""
        for name in self.world.names():
            self.queue.add(name)

    async def come_to_rest(self, workers: asyncio.Task[None], *, patience: timedelta) -> None:
        """Let what pods asked for come to its end, begin nothing new, and wait for the rest.

        Args:
            workers: what runs the controller; cancelling the wait leaves it alone.
            patience: how long refreshes are waited for that pods asked for, and which the other
                replica does not know of.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(patience.total_seconds()):
                await self.demand.wait_paid()
        self.queue.close()
        await asyncio.wait([workers])
        await self.writers.wait_idle()  # a write may outlive the look that has begun it

    def stand_by(self) -> None:
        """Drop what only the leader measures: nobody here would keep it true."""
        metrics.token_expiry_timestamp_seconds.clear()
        metrics.targets.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What the controller is told by the rest of the process."""

    instance: str  # how Events name this process
    leading: Callable[[], bool]  # whether timers and background work are ours
    changed: Callable[[], None]  # is told that credentials have come, changed or gone


def assemble(config: Config, client: Client, aws: Aws, wiring: Wiring) -> Operator:
    """Put the controller together; nothing runs yet."""
    loop = asyncio.get_running_loop()
    queue: WorkQueue[str] = WorkQueue(floor=RETRY_FLOOR, cap=RETRY_CAP)
    scope = parse_scope(config.namespaces)
    triggers = Triggers(queue.add, changed=wiring.changed, scope=scope)
    demand = Demand(partial(queue.add, urgent=True))

    def look_again(name: str) -> None:
        queue.add(name, urgent=bool(demand.waiting(name)))

    harvester = Harvester(aws, patience=_PATIENCE, look_again=look_again)
    world = World(
        client,
        triggers.listeners(),
        View(
            scope=scope,
            credential_selector=config.credential_selector,
            sync_timeout=_SYNC_TIMEOUT,
        ),
    )
    triggers.view = world.secrets
    writers = Writers(at_once=config.max_concurrent_writes, per_second=config.max_writes_per_second)
    retries = Retries(clock=loop.time, random=random.random)  # noqa: S311 - jitter
    events = EventRecorder(client, instance=wiring.instance, clock=utc_now)
    reconciler = Reconciler(
        world=world,
        supplier=Supplier(aws, harvester),
        executor=Executor(
            writer=SecretWriter(client, world.secrets, retries, Contests(clock=loop.time)),
            writers=writers,
            pass_length=_PASS_LENGTH,
            look_again=look_again,
            may_write=lambda name: wiring.leading() or demand.is_owed(name),
            demand=demand,
        ),
        teller=Teller(
            statuses=StatusWriter(client),
            report=Report(events),
            leading=wiring.leading,
            clock=utc_now,
        ),
        demand=demand,
        leading=wiring.leading,
        clock=utc_now,
    )
    return Operator(
        world=world,
        triggers=triggers,
        demand=demand,
        harvester=harvester,
        writers=writers,
        events=events,
        controller=Controller(
            reconciler.reconcile,
            queue,
            take_first=triggers.take_first,
            tell_failure=demand.fail,
        ),
        queue=queue,
    )
