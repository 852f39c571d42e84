"""Where pods are created: a cluster in which the webhook comes and goes with a credential.

Without a credential the operator registers no webhook, so both states are the product's own.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from bench import usage
from bench.admission import baseline, clients
from bench.admission.baseline import Baseline
from bench.admission.clients import Clients
from bench.admission.creator import Creation
from bench.admission.measured import Batch, Case, Load
from bench.site import Site, opened
from testbed.operator import Operator

PULL_SECRET = "measured"  # noqa: S105 - the name it has under every credential here
_UNMANAGED = "stranger"  # a name as long, of which no credential knows
NAMESPACE = "pods"
_CREDENTIAL = "fresh"
_LOOK = timedelta(seconds=0.05)
_SOON = timedelta(seconds=30)
_CALM = timedelta(seconds=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The parts, and what is done with them."""

    site: Site
    operator: Operator
    baseline: Baseline
    clients: Clients

    async def set_up_webhook(self) -> None:
        """Create a credential, and return when the API server asks about the pods it concerns."""
        cluster = self.site.cluster
        await cluster.set_access(_CREDENTIAL, self.site.aws.add_access_key())
        await cluster.set_credential(_CREDENTIAL, [NAMESPACE], secret_name=PULL_SECRET)
        await self.secrets_are({NAMESPACE})
        await self._reviews_come(asked=True)

    async def take_down_webhook(self) -> None:
        """Delete the credential, and return when the API server asks no more."""
        await self.site.cluster.remove_credentials([_CREDENTIAL])
        await self.secrets_are(set())
        await self._reviews_come(asked=False)

    async def set_up_baseline(self) -> None:
        """Have the API server ask the bare webhook."""
        await self.baseline.register(PULL_SECRET)
        await self._reviews_come(asked=True)

    async def take_down_baseline(self) -> None:
        """Have the API server ask nobody again."""
        await self.baseline.unregister()
        await self._reviews_come(asked=False)

    async def secrets_are(self, namespaces: AbstractSet[str]) -> None:
        """Wait until these namespaces, and no others, have the pull secret."""
        async with asyncio.timeout(_SOON.total_seconds()):
            while True:
                found = await self.site.cluster.secrets(PULL_SECRET)
                if {secret.namespace for secret in found} == namespaces:
                    return
                await asyncio.sleep(_LOOK.total_seconds())

    async def measure(self, case: Case, load: Load, pods: int) -> Batch:
        """Create pods of a case, behind as many unmeasured ones as there are clients."""
        namespaces = [NAMESPACE] * (load.clients + pods)
        batch, _ = await self.create(case, load, namespaces, unmeasured=load.clients)
        return batch

    async def create(
        self, case: Case, load: Load, namespaces: Sequence[str], *, unmeasured: int = 0
    ) -> tuple[Batch, list[Creation]]:
        """Create a pod in each namespace, measure, and remove them again."""
        await self.site.calm(_CALM)
        reviews, cpu = await self._reviews(), self._cpu()
        done = await self.clients.create(
            load,
            namespaces,
            pull_secret=_UNMANAGED if case == "not matching" else PULL_SECRET,
            unmeasured=unmeasured,
        )
        webhook_cpu, control_plane_cpu = (
            (after - before) / len(namespaces)
            for before, after in zip(cpu, self._cpu(), strict=True)
        )
        batch = Batch(
            case=case,
            load=load,
            milliseconds=tuple(creation.milliseconds for creation in done),
            reviews_per_pod=(await self._reviews() - reviews) / len(namespaces),
            webhook_cpu=webhook_cpu,
            control_plane_cpu=control_plane_cpu,
        )
        await self.clients.clear(set(namespaces))
        return batch, done

    def _cpu(self) -> tuple[timedelta, timedelta]:
        """Return the processor time used so far, by the webhooks and by the control plane."""
        webhooks = sum(map(usage.cpu_seconds, (self.operator.process.pid, self.baseline.pid)))
        return timedelta(seconds=webhooks), self.site.control_plane_cpu()

    async def _reviews_come(self, *, asked: bool) -> None:
        """Create pods until the API server has noticed that a webhook has come or gone.

        It is one process with one view of its configuration, so a single pod shows it.
        """
        async with asyncio.timeout(_SOON.total_seconds()):
            while True:
                before = await self._reviews()
                await self.clients.create(Load(1), [NAMESPACE], pull_secret=PULL_SECRET)
                if (await self._reviews() > before) is asked:
                    return
                await asyncio.sleep(_LOOK.total_seconds())

    async def _reviews(self) -> float:
        """Count what both webhooks have been asked so far; never is more than one registered."""
        metrics = await asyncio.to_thread(self.operator.metrics)
        operator = sum(
            value
            for name, value in metrics.items()
            if name.startswith("ecr_secrets_admissions_total{")
        )
        return operator + await self.baseline.reviews()


@asynccontextmanager
async def ready() -> AsyncIterator[Scene]:
    """Start everything; no webhook is registered yet."""
    async with (
        opened() as site,
        site.operator() as operator,
        baseline.started(site.cluster) as bare,
        clients.started(site.control_plane.kubeconfig) as creator,
    ):
        await site.cluster.make_namespaces([NAMESPACE])
        yield Scene(site=site, operator=operator, baseline=bare, clients=creator)
