"""A handle on the process that creates pods."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec

from bench.admission.creator import Clearance, Creation, Job
from bench.admission.measured import Load
from testbed.errors import ControlPlaneError
from testbed.operator import ROOT

_LONGEST = timedelta(minutes=5)  # for one job
_ANSWER = 16 * 2**20  # bytes of a line; a thousand pods take 50 kB
_NUMBERS = itertools.count()  # no two pods share a name


class Clients:
    """Gives jobs to the process, one after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Use a process that runs `bench.admission.creator`."""
        self._process = process

    async def create(
        self, load: Load, namespaces: Sequence[str], *, pull_secret: str, unmeasured: int = 0
    ) -> list[Creation]:
        """Create a pod in each namespace.

        Args:
            load: how many clients, and how fast.
            namespaces: one per pod; the same may come many times.
            pull_secret: that the pods name.
            unmeasured: how many of the first pods are left out of the result.

        Raises:
            ControlPlaneError: the API server refused something.
        """
        pods = [(namespace, f"shop-5d4f8c7b9c-{next(_NUMBERS):06}") for namespace in namespaces]
        return await self._do(
            Job(
                clients=load.clients,
                per_second=load.per_second,
                pull_secret=pull_secret,
                pods=pods,
                unmeasured=unmeasured,
            )
        )

    async def clear(self, namespaces: Iterable[str]) -> None:
        """Remove all pods of namespaces.

        Raises:
            ControlPlaneError: the API server refused something.
        """
        await self._do(Clearance(sorted(namespaces)))

    async def _do(self, job: Job | Clearance) -> list[Creation]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        async with asyncio.timeout(_LONGEST.total_seconds()):
            stdin.write(msgspec.json.encode(job) + b"\n")
            await stdin.drain()
            answer = await stdout.readline()
        if not answer:
            raise ControlPlaneError("the clients have failed; see above")
        return msgspec.json.decode(answer, type=list[Creation])


@asynccontextmanager
async def started(kubeconfig: Path) -> AsyncIterator[Clients]:
    """Run the process; what it complains of goes to our own standard error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.admission.creator",
        str(kubeconfig),
        cwd=ROOT,
        stdin=-1,
        stdout=-1,
        limit=_ANSWER,
    )
    try:
        yield Clients(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
