"""The clients: create pods and measure how long each takes, in a process of their own.

    python -m bench.admission.creator KUBECONFIG

Takes one job a line on standard input and answers each with a line. Connections stay open from one
job to the next, as those of a controller do.
"""

import asyncio
import gc
import ssl
import sys
import time
from collections.abc import Iterator
from random import Random

import aiohttp
import msgspec
import uvloop

from bench.admission.pod import render_pod
from ecr_secrets.kube.access import load_access

_DEADLINE = aiohttp.ClientTimeout(total=60)  # seconds; removing a thousand pods takes a few
_KEEP = 600  # seconds that an unused connection is kept


class Job(msgspec.Struct, frozen=True, kw_only=True, tag="create"):
    """Pods to create."""

    clients: int
    per_second: float | None  # of all clients together; None: as fast as they can
    pull_secret: str  # that the pods name
    pods: list[tuple[str, str]]  # namespace and name
    unmeasured: int  # of them, created first: they warm up every connection on the way


class Clearance(msgspec.Struct, frozen=True, tag="clear"):
    """Namespaces to remove all pods from; it is answered with no creation."""

    namespaces: list[str]


class Creation(msgspec.Struct, frozen=True, array_like=True):
    """A pod that was created."""

    namespace: str
    milliseconds: float  # from its POST to the end of the answer
    version: int  # the resource version it was created with
    warned: bool  # whether the API server sent a warning along


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str


class _Pod(msgspec.Struct):
    metadata: _Metadata


_POD = msgspec.json.Decoder(_Pod)
_JOB: msgspec.json.Decoder[Job | Clearance] = msgspec.json.Decoder(Job | Clearance)


class Creator:
    """Does jobs."""

    def __init__(self, server: str, session: aiohttp.ClientSession) -> None:
        """Create pods at an API server, through a session that may."""
        self._server = server
        self._session = session

    async def do(self, job: Job | Clearance) -> list[Creation]:
        """Do a job, and return what was measured of each pod.

        Raises:
            RuntimeError: the API server refused something.
        """
        if isinstance(job, Clearance):
            for namespace in job.namespaces:
                await self._ask("DELETE", f"{_pods_of(namespace)}?gracePeriodSeconds=0")
            return []
        await self._connect(job.clients)
        done: list[Creation] = []
        await self._create_all(job, job.pods[: job.unmeasured], [])
        await self._create_all(job, job.pods[job.unmeasured :], done)
        return done

    async def _connect(self, clients: int) -> None:
        """Open as many connections as there are clients."""
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(self._ask("GET", "/version"))

    async def _create_all(
        self, job: Job, pods: list[tuple[str, str]], done: list[Creation]
    ) -> None:
        left = iter(pods)
        async with asyncio.TaskGroup() as group:
            for number in range(job.clients):
                group.create_task(self._create_some(job, left, _pauses(job, number), done))

    async def _create_some(
        self,
        job: Job,
        left: Iterator[tuple[str, str]],
        pauses: Iterator[float],
        done: list[Creation],
    ) -> None:
        due = time.perf_counter()
        for namespace, name in left:
            due += next(pauses)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            body = render_pod(name, pull_secret=job.pull_secret)
            began = time.perf_counter()
            answer, warned = await self._ask("POST", _pods_of(namespace), body)
            took = time.perf_counter() - began
            version = int(_POD.decode(answer).metadata.resource_version)
            done.append(Creation(namespace, 1000 * took, version, warned))

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[bytes, bool]:
        async with self._session.request(method, self._server + path, data=body) as answer:
            content = await answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {content.decode()}")
            return content, "Warning" in answer.headers


def _pauses(job: Job, client: int) -> Iterator[float]:
    """Yield the seconds between two pods of a client.

    They are random, since pods of different origin know nothing of each other, and the same in
    every job of the same load, so that all cases meet the same coincidences.
    """
    random = Random(client)  # noqa: S311 - not a secret
    while True:
        yield random.expovariate(job.per_second / job.clients) if job.per_second else 0.0


def _pods_of(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


async def serve(kubeconfig: str) -> None:
    """Do the jobs on standard input until it ends."""
    access = await load_access(kubeconfig=kubeconfig, context=None, environ={})
    tls = access.tls()
    assert isinstance(tls, ssl.SSLContext)
    connector = aiohttp.TCPConnector(limit=0, ssl=tls, keepalive_timeout=_KEEP)
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(
        connector=connector, headers=headers, timeout=_DEADLINE
    ) as session:
        creator = Creator(access.server, session)
        while line := await asyncio.to_thread(sys.stdin.buffer.readline):
            done = await creator.do(_JOB.decode(line))
            sys.stdout.buffer.write(msgspec.json.encode(done) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    gc.freeze()  # what is imported is not looked through while it is measured
    uvloop.run(serve(sys.argv[1]))
