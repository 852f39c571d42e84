"""One replica of the operator: controller, election and webhook, from start to end."""

import asyncio
import logging
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

from ecr_secrets.cli.assemble import Operator, Wiring, assemble, utc_now
from ecr_secrets.cli.endpoints import Health, metrics, serve
from ecr_secrets.cli.webhook import Surroundings, Webhook
from ecr_secrets.controller.events import Kind
from ecr_secrets.controller.supply import Aws
from ecr_secrets.core.objects import ObjectKey, ObjectMeta
from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.election import Election
from ecr_secrets.settings import Config
from ecr_secrets.webhook.admit import PodWebhook
from ecr_secrets.webhook.leftover import Leftover

log = logging.getLogger(__name__)

_FOR_PODS = 4  # the part of the grace, at the end, for refreshes that pods have asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a replica runs and what it reaches."""

    client: Client
    lease_client: Client  # of its own, so that a renewal waits behind no other request
    aws: Aws
    namespace: str
    host: str  # the pod's name


class Replica:
    """Everything that runs in this process."""

    def __init__(self, config: Config, place: Place, stop: asyncio.Event) -> None:
        """Put it together; nothing runs before `run`.

        Args:
            config: how it runs.
            place: where it runs.
            stop: set when it is to end.
        """
        self._config = config
        self._place = place
        self._stop = stop
        self._election = Election(
            place.lease_client,
            ObjectKey(place.namespace, config.lease_name),
            identity=config.identity or place.host,
            clock=utc_now,
            on_change=self._leadership_changed,
        )
        wiring = Wiring(
            instance=f"{place.namespace}/{place.host}",
            leading=self._is_leading,
            changed=self._credentials_changed,
        )
        self._operator = assemble(config, place.client, place.aws, wiring)
        # None: switched off; what is left over of one is seen to then.
        self._webhook = self._make_webhook(self._operator) if config.webhook_port else None
        self._leftover = Leftover(
            place.client,
            config.webhook_configuration,
            namespace=place.namespace,
            leading=self._is_leading,
        )

    async def run(self) -> None:
        """Let everything run until asked to stop, then let what has begun come to its end."""
        operator = self._operator
        async with AsyncExitStack() as stack:
            await self._open_ports(stack)
            async with asyncio.TaskGroup() as group:
                workers = group.create_task(operator.controller.run(self._config.workers))
                others = [
                    group.create_task(operator.world.run(), name="world"),
                    group.create_task(operator.harvester.run(), name="harvester"),
                    group.create_task(operator.writers.run(), name="writers"),
                    group.create_task(operator.events.run(), name="events"),
                    group.create_task(self._election.run(), name="election"),
                ]
                webhook = group.create_task(self._run_webhook(), name="webhook")
                await self._stop.wait()
                await self._end(webhook, workers)
                for task in (webhook, workers, *others):
                    task.cancel()
            await self._election.release()  # after the last write

    async def _run_webhook(self) -> None:
        """Answer pods until asked to stop, or see to what is left over of a time when we did."""
        if self._webhook:
            await self._webhook.run(self._stop)
        else:
            await self._leftover.run()

    async def _end(self, webhook: asyncio.Task[None], workers: asyncio.Task[None]) -> None:
        """Let pods that wait have their refresh first, then what else has begun; with a bound."""
        log.info("stopping")
        loop = asyncio.get_running_loop()
        grace = self._config.shutdown_grace
        deadline = loop.time() + grace.total_seconds()
        if self._webhook:
            await asyncio.wait([webhook], timeout=deadline - loop.time())
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._operator.come_to_rest(workers, patience=grace / _FOR_PODS)

    async def _open_ports(self, stack: AsyncExitStack) -> None:
        health = Health(longest_busy=self._operator.longest_busy, unready=self._why_unready)
        probes = {"/healthz": health.healthz, "/readyz": health.readyz}
        for routes, port, flag in (
            ({"/metrics": metrics}, self._config.metrics_port, "--metrics-port"),
            (probes, self._config.health_port, "--health-port"),
        ):
            if port:
                address = self._config.bind_address
                runner = await serve(routes, address=address, port=port, flag=flag)
                stack.push_async_callback(runner.cleanup)

    def _make_webhook(self, operator: Operator) -> Webhook:
        pods = PodWebhook(
            managed=operator.triggers.managed,
            found=operator.world.secrets.find,
            refresh_now=operator.demand.refresh_now,
            clock=utc_now,
        )
        surroundings = Surroundings(
            credentials=operator.triggers.credentials,
            listed=lambda: operator.world.synced,
            wait_seen=operator.wait_seen,
            leading=self._is_leading,
            record=self._record,
            clock=utc_now,
            namespace=self._place.namespace,
        )
        return Webhook(self._config, self._place.client, pods, surroundings)

    def _is_leading(self) -> bool:
        return self._election.leading

    def _why_unready(self) -> str:
        if not self._operator.world.synced:
            return "credentials or namespaces are not listed yet"
        return self._webhook.trouble() if self._webhook else ""

    def _leadership_changed(self, leading: bool) -> None:  # noqa: FBT001 - the election's signature
        if leading:
            self._operator.look_at_all()
            self._credentials_changed()
            self._leftover.wake()
        else:
            self._operator.stand_by()

    def _credentials_changed(self) -> None:
        if self._webhook:
            self._webhook.wake()

    def _record(self, kind: Kind, about: ObjectMeta, occurrence: Occurrence) -> None:
        self._operator.events.record(about, occurrence, kind=kind)
