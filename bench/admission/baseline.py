"""A handle on the bare webhook: the process, and its registration with the API server."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec

from bench.admission.bare import Pair
from bench.cluster import Cluster
from ecr_secrets.core.webhook_configuration import Registration, render_configuration
from testbed.certificates import Authority
from testbed.errors import ControlPlaneError
from testbed.operator import NAMESPACE, ROOT

_ADDRESS = "127.0.0.1"
_NAME = "bare-webhook"
_SOON = timedelta(seconds=30)


class Baseline:
    """Comes and goes, for the same pods that the operator's webhook is asked about."""

    def __init__(
        self, process: asyncio.subprocess.Process, cluster: Cluster, authority: Authority
    ) -> None:
        """Use a process that runs `bench.admission.bare`, with a certificate of an authority."""
        self._process = process
        self._cluster = cluster
        self._authority = authority
        self._port = 0

    @property
    def pid(self) -> int:
        """That of the process."""
        return self._process.pid

    async def open(self) -> None:
        """Have it serve; nobody asks it yet."""
        issued = self._authority.issue_server([_ADDRESS], [_NAME])
        pair = Pair(certificate=issued.certificate_pem, key=issued.key_pem)
        self._port = await self._ask(msgspec.json.encode(pair))

    async def register(self, secret_name: str) -> None:
        """Have the API server ask about the pods that name a pull secret."""
        registration = Registration(
            name=_NAME,
            endpoint=f"https://{_ADDRESS}:{self._port}",
            ca_bundle=self._authority.certificate_pem,
            secret_names=frozenset({secret_name}),
            namespace=NAMESPACE,
            owner=None,
        )
        await self._cluster.set_webhook(render_configuration(registration))

    async def unregister(self) -> None:
        """Have the API server ask no more."""
        await self._cluster.remove_webhook(_NAME)

    async def reviews(self) -> int:
        """Count what it has been asked so far."""
        return await self._ask(b"reviews")

    async def _ask(self, line: bytes) -> int:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        async with asyncio.timeout(_SOON.total_seconds()):
            stdin.write(line + b"\n")
            await stdin.drain()
            answer = await stdout.readline()
        if not answer:
            raise ControlPlaneError("the bare webhook has failed; see above")
        return int(answer)


@asynccontextmanager
async def started(cluster: Cluster) -> AsyncIterator[Baseline]:
    """Run the process; what it complains of goes to our own standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.admission.bare", cwd=ROOT, stdin=-1, stdout=-1
    )
    try:
        baseline = Baseline(process, cluster, Authority("bench"))
        await baseline.open()
        yield baseline
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
