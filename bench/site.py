"""Where it is measured: a control plane, the fake AWS, and operators one after the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from bench import usage
from bench.cluster import Cluster, administered
from bench.requests import RequestLog
from testbed.arguments import AUDIT_LOG
from testbed.aws.server import FakeAws
from testbed.control_plane import ControlPlane
from testbed.operator import CRD, NAMESPACE, SERVICE_ACCOUNT, Operator, install

_LOOK = timedelta(seconds=2)
_CALM = 0.15  # of a core; when nothing is asked, the control plane takes less than half of it
_LONGEST = timedelta(minutes=5)
_USER = f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything a measurement needs. The event loop is the fake AWS's too: never block it."""

    control_plane: ControlPlane
    aws: FakeAws
    cluster: Cluster

    @asynccontextmanager
    async def operator(self, *, webhook: bool = True) -> AsyncIterator[Operator]:
        """Run an operator with default settings and the rights of `install.yaml`.

        Args:
            webhook: whether it answers pods.
        """
        operator = Operator(self.control_plane, self.aws.environment(), webhook=webhook)
        await asyncio.to_thread(operator.__enter__)
        try:
            yield operator
        finally:
            await asyncio.to_thread(operator.__exit__, None, None, None)

    def control_plane_cpu(self) -> timedelta:
        """Return the processor time that the control plane has used so far."""
        pids = [process.pid for process in self.control_plane.processes]
        return timedelta(seconds=sum(map(usage.cpu_seconds, pids)))

    async def calm(self, look: timedelta = _LOOK) -> None:
        """Wait until the controllers are through with what was created or deleted.

        Args:
            look: how long they have to be calm.

        Raises:
            TimeoutError: they are not, after minutes.
        """
        async with asyncio.timeout(_LONGEST.total_seconds()):
            while True:
                before = self.control_plane_cpu()
                await asyncio.sleep(look.total_seconds())
                if self.control_plane_cpu() - before < look * _CALM:
                    return

    def requests(self) -> RequestLog:
        """Follow what is asked from now on with the operator's rights."""
        return RequestLog(self.control_plane.folder / AUDIT_LOG, _USER)

    def token(self) -> str:
        """Return a token that gives the operator's rights."""
        return self.control_plane.token_for(NAMESPACE, SERVICE_ACCOUNT)


@asynccontextmanager
async def opened() -> AsyncIterator[Site]:
    """Start everything but an operator, and end it."""
    with ControlPlane(manifests=[CRD]) as control_plane:
        install(control_plane)
        async with FakeAws() as aws, administered(control_plane) as cluster:
            yield Site(control_plane=control_plane, aws=aws, cluster=cluster)
