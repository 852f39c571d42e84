"""`ecr-secrets run`: what the process consists of, and how it ends.

Nothing is global, so a test builds the same with other parts. The clock is read here and handed
down.
"""

import asyncio
import gc
import logging
import os
import random
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from ecr_secrets.aws.ecr import Ecr
from ecr_secrets.aws.tokens import TokenSource
from ecr_secrets.cli.aws import OwnAws
from ecr_secrets.cli.endpoints import Health, metrics, serve
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
from ecr_secrets.controller.world import World
from ecr_secrets.controller.writers import Writers
from ecr_secrets.kube.access import ClusterAccess, load_access
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.workqueue import WorkQueue
from ecr_secrets.settings import Config

log = logging.getLogger(__name__)

_PASS_LENGTH = timedelta(seconds=1)  # a change waits at most this long behind a rollout
_PATIENCE = timedelta(seconds=1)  # a look waits at most this long for AWS
_SYNC_TIMEOUT = timedelta(seconds=15)  # more than one request's deadline


def utc_now() -> datetime:
    """Read the clock; everything else is handed the result."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The running parts."""

    world: World
    harvester: Harvester
    writers: Writers
    events: EventRecorder
    controller: Controller
    queue: WorkQueue[str]


def assemble(
    config: Config, client: Client, aws: Aws, *, instance: str, leading: Callable[[], bool]
) -> Operator:
    """Put the operator together; nothing runs yet.

    Args:
        config: how it runs.
        client: how to reach the cluster.
        aws: how to reach AWS.
        instance: how Events name this process.
        leading: whether timers and background work are ours.
    """
    loop = asyncio.get_running_loop()
    queue: WorkQueue[str] = WorkQueue(floor=RETRY_FLOOR, cap=RETRY_CAP)
    triggers = Triggers(queue.add)
    demand = Demand(queue.add)
    harvester = Harvester(aws, patience=_PATIENCE, look_again=queue.add)
    world = World(client, triggers.listeners(), sync_timeout=_SYNC_TIMEOUT)
    triggers.view = world.secrets
    writers = Writers(at_once=config.max_concurrent_writes, per_second=config.max_writes_per_second)
    retries = Retries(clock=loop.time, random=random.random)  # noqa: S311 - jitter
    events = EventRecorder(client, instance=instance, clock=utc_now)
    reconciler = Reconciler(
        world=world,
        supplier=Supplier(aws, harvester),
        executor=Executor(
            writer=SecretWriter(client, world.secrets, retries, Contests(clock=loop.time)),
            writers=writers,
            pass_length=_PASS_LENGTH,
            look_again=queue.add,
            may_write=lambda name: leading() or demand.is_owed(name),
        ),
        teller=Teller(
            statuses=StatusWriter(client), report=Report(events), leading=leading, clock=utc_now
        ),
        demand=demand,
        leading=leading,
        clock=utc_now,
    )
    controller = Controller(
        reconciler.reconcile,
        queue,
        take_first=triggers.take_first,
        tell_failure=demand.fail,
    )
    return Operator(
        world=world,
        harvester=harvester,
        writers=writers,
        events=events,
        controller=controller,
        queue=queue,
    )


async def run(config: Config) -> None:
    """Run the operator until SIGTERM or SIGINT; work that has begun is finished first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    access = await load_access(
        kubeconfig=config.kubeconfig, context=config.context, environ=os.environ
    )
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(_client(config, access))
        ecr = await stack.enter_async_context(Ecr(clock=utc_now))
        tokens = await stack.enter_async_context(TokenSource(ecr, clock=utc_now))
        namespace = config.namespace or access.namespace or "default"
        instance = f"{namespace}/{socket.gethostname()}"
        operator = assemble(
            config, client, OwnAws(tokens, ecr), instance=instance, leading=lambda: True
        )
        await stack.enter_async_context(_endpoints(config, operator))
        gc.freeze()  # what is here by now stays: full collections need not walk through it
        log.info(
            "operator started",
            extra={"version": version("kube-ecr-secrets-operator"), "namespace": namespace},
        )
        await _work(operator, config, stop)
    log.info("operator stopped")


def _client(config: Config, access: ClusterAccess) -> Client:
    # Room for the writes, and beside them for status, Events and lists.
    connections = config.max_concurrent_writes + config.workers + 4
    return Client(access, timeout=config.request_timeout, connections=connections)


@asynccontextmanager
async def _endpoints(config: Config, operator: Operator) -> AsyncIterator[None]:
    health = Health(
        longest_busy=lambda: max(
            operator.controller.longest_busy(), operator.writers.longest_busy()
        ),
        ready=lambda: operator.world.synced,
    )
    async with AsyncExitStack() as stack:
        for routes, port, flag in (
            ({"/metrics": metrics}, config.metrics_port, "--metrics-port"),
            (
                {"/healthz": health.healthz, "/readyz": health.readyz},
                config.health_port,
                "--health-port",
            ),
        ):
            if port:
                runner = await serve(routes, address=config.bind_address, port=port, flag=flag)
                stack.push_async_callback(runner.cleanup)
        yield


async def _work(operator: Operator, config: Config, stop: asyncio.Event) -> None:
    """Let everything run until asked to stop, then let what has begun come to its end."""
    async with asyncio.TaskGroup() as group:
        workers = group.create_task(operator.controller.run(config.workers), name="controller")
        others = [
            group.create_task(operator.world.run(), name="world"),
            group.create_task(operator.harvester.run(), name="harvester"),
            group.create_task(operator.writers.run(), name="writers"),
            group.create_task(operator.events.run(), name="events"),
        ]
        await stop.wait()
        log.info("stopping: no new work is begun")
        operator.queue.close()
        await asyncio.wait([workers], timeout=config.shutdown_grace.total_seconds())
        for task in (workers, *others):
            task.cancel()
