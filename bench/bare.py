"""The raw baseline: the same writes by a client that does nothing else.

    python -m bench.bare < job.json

It sends prepared bytes over the same number of connections, with the same rights, and reads the
answers without looking into them.
"""

import asyncio
import json
import ssl
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import msgspec
import uvloop

from bench.usage import peak_mib

NAMESPACE = "{{namespace}}"  # stand for what differs from one write to the next
GUARD = '"{{guard}}":""'
_DEADLINE = aiohttp.ClientTimeout(total=30)  # seconds, for one write


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to write, and how."""

    server: str
    ca_file: str
    token: str
    secret_name: str
    template: str  # the Secret in JSON, with NAMESPACE and GUARD in it
    targets: list[tuple[str, str]]  # namespace, and the JSON of what stands for GUARD
    at_once: int
    force: bool


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What it took."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    writes: int


async def write_all(job: Job) -> Result:
    """Write every target once.

    Raises:
        RuntimeError: the API server refused a write.
    """
    tls = ssl.create_default_context(cafile=job.ca_file)
    headers = {
        "Authorization": f"Bearer {job.token}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Content-Type": "application/apply-patch+yaml",
    }
    left = iter(job.targets)
    connector = aiohttp.TCPConnector(limit=0, ssl=tls)
    began, cpu_before = time.perf_counter(), time.process_time()
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        async with asyncio.TaskGroup() as group:
            for _ in range(job.at_once):
                group.create_task(_write_some(session, job, left))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_before
    return Result(seconds=seconds, cpu_seconds=cpu, peak_mib=_own_peak(), writes=len(job.targets))


async def _write_some(
    session: aiohttp.ClientSession, job: Job, left: Iterator[tuple[str, str]]
) -> None:
    force = "true" if job.force else "false"
    query = f"fieldManager=kube-ecr-secrets-operator&force={force}&fieldValidation=Strict"
    for namespace, guard in left:
        url = f"{job.server}/api/v1/namespaces/{namespace}/secrets/{job.secret_name}?{query}"
        body = fill(job.template, namespace=namespace, guard=guard)
        async with session.patch(url, data=body, timeout=_DEADLINE) as answer:
            await answer.read()
            if answer.status not in {200, 201}:
                raise RuntimeError(f"write in {namespace}: HTTP {answer.status}")


def fill(template: str, *, namespace: str, guard: str) -> bytes:
    """Return what is sent for one target."""
    return template.replace(NAMESPACE, namespace).replace(GUARD, guard).encode()


def _own_peak() -> float:
    return peak_mib(int(Path("/proc/self").readlink().name))


def main() -> None:
    """Do the job on standard input and print its result."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    result = uvloop.run(write_all(job))
    print(json.dumps(msgspec.to_builtins(result)))


if __name__ == "__main__":
    main()
