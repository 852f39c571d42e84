"""Where pods start: a cluster with a real node, and registries that open to the fake AWS' tokens.

Every pod has a name of its own, and so have its image, its namespace, its pull secret, credential
and AWS access: no two share a back-off, a token or an image on the node.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter
from typing import Any

from bench.cluster import REGION
from bench.pods.pod import PODS, is_running, render_pod
from bench.site import Site, opened
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.spec import RefreshPolicy
from ecr_secrets.kube.watch import Present, parse_event
from testbed.aws.hosts import registry_host
from testbed.aws.iam import ACCOUNT
from testbed.node.image import Images
from testbed.node.node import Node
from testbed.node.programs import provide_workload
from testbed.registry import FakeRegistry, pull_check

HOST = registry_host(ACCOUNT, REGION)
_SHORT = timedelta(seconds=4)  # to write one secret and stop an operator takes less than half
_LONG = timedelta(hours=12)  # fixed by ECR
_BEYOND = timedelta(seconds=5)  # that AWS stays away once the token has expired
_LOOK = timedelta(seconds=0.02)
_SOON = timedelta(seconds=30)
_EXPIRED = 403  # HTTP, of ECR's registries


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The parts, and what is done with them."""

    site: Site
    registry: FakeRegistry

    async def kubectl(self, *arguments: str, stdin: str | None = None) -> None:
        """Run kubectl as the administrator."""
        await asyncio.to_thread(self.site.control_plane.kubectl, *arguments, input=stdin)

    async def make_namespace(self, name: str) -> None:
        """Create a namespace that takes pods; tokens are short from now on."""
        self.site.aws.token_lifetime = _SHORT
        await self.site.cluster.make_namespaces([name])
        account = ("serviceaccount/default", f"--namespace={name}")
        await self.kubectl("wait", "--for=create", "--timeout=30s", *account)

    async def serve(self, name: str, policy: RefreshPolicy) -> None:
        """Have the operator write the pull secret."""
        cluster = self.site.cluster
        await cluster.set_access(name, self.site.aws.add_access_key())
        await cluster.set_credential(name, [name], refresh_policy=policy)

        async def is_served() -> bool:
            return name in {found.namespace for found in await cluster.secrets(name)}

        await _until(is_served)

    async def let_expire(self, name: str, *, aws_away: bool) -> None:
        """Return when the pull secret has expired; tokens live for long from now on.

        Args:
            name: of all that belongs to the pod.
            aws_away: whether AWS is away meanwhile, and for a few seconds more.
        """
        aws = self.site.aws
        aws.down = aws_away
        try:
            config = base64.b64decode((await self.secret(name))["data"][".dockerconfigjson"])

            async def is_refused() -> bool:
                return await pull_check(config, HOST, self.registry.url) == _EXPIRED

            await _until(is_refused)
            await asyncio.sleep(_BEYOND.total_seconds() if aws_away else 0)
        finally:
            aws.token_lifetime = _LONG
            aws.reset_counters()
            aws.down = False

    async def secret(self, name: str) -> dict[str, Any]:
        """Return the pull secret."""
        return await self.site.cluster.secret(ObjectKey(name, name))

    async def start_pod(self, name: str, *, patience: timedelta) -> timedelta | None:
        """Apply the pod, and return how long it takes to run; None: longer than our patience."""
        pod = render_pod(name, image=f"{HOST}/{name}:1", pull_secret=name)
        watch = self.site.cluster.client.watch(
            PODS, namespace=name, query={}, idle_timeout=2 * patience
        )
        async with watch as lines:
            began = perf_counter()
            try:
                async with asyncio.timeout(patience.total_seconds()):
                    await self.kubectl("apply", f"--namespace={name}", "--filename=-", stdin=pod)
                    await _until_running(lines)
            except TimeoutError:
                return None
            return timedelta(seconds=perf_counter() - began)

    def refused(self, name: str) -> int:
        """Count the requests for the pod's image that showed an expired token."""
        return sum(
            visit.status == _EXPIRED and visit.path.startswith(f"/v2/{name}/")
            for visit in self.registry.visits
        )

    async def clear(self, name: str) -> None:
        """Remove the pod, and wait until it is gone; then credential and Secrets."""
        await self.kubectl("delete", "pod", name, f"--namespace={name}", "--ignore-not-found")
        await self.site.cluster.remove(name)


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_SOON.total_seconds()):
        while True:
            if await condition():
                return
            await asyncio.sleep(_LOOK.total_seconds())


async def _until_running(lines: AsyncIterator[bytes]) -> None:
    async for line in lines:
        event = parse_event(line)
        if isinstance(event, Present) and is_running(event.raw):
            return


@asynccontextmanager
async def ready() -> AsyncIterator[Scene]:
    """Start everything but an operator."""
    images = Images(await asyncio.to_thread(provide_workload))
    async with opened() as site, FakeRegistry(site.aws, images) as registry:
        node = Node(site.control_plane, {HOST: registry.url})
        await asyncio.to_thread(node.__enter__)
        try:
            yield Scene(site=site, registry=registry)
        finally:
            await asyncio.to_thread(node.__exit__, None, None, None)
