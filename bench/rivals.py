"""The two that are compared: each rolls out and refreshes the pull secret of N namespaces."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from bench import usage
from bench.bare import Job, Result
from bench.measured import Phase, Run
from bench.requests import Request, RequestLog
from bench.site import Site
from bench.template import ABSENT, Template, guard_of
from testbed.errors import ControlPlaneError
from testbed.operator import ROOT, Operator

AT_ONCE = 16  # writes under way: the operator's default
_LOOK = 0.05  # seconds between two looks at the audit log
_QUIET = timedelta(seconds=1.5)  # without a request: longer than a pass over a rollout
_LONGEST = timedelta(minutes=5)  # for one rollout or refresh


class Rival(Protocol):
    """Can do what is measured."""

    async def roll_out(self) -> Run:
        """Create the pull secret in every namespace."""

    async def refresh(self) -> Run:
        """Replace the token in every namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRival:
    """The operator: an object is created; later the AWS key is replaced."""

    site: Site
    operator: Operator
    name: str  # of the credential, its AWS access and its pull secrets
    namespaces: tuple[str, ...]

    async def roll_out(self) -> Run:
        """Create the object, and wait for the pull secrets."""
        cluster = self.site.cluster
        await cluster.set_access(self.name, self.site.aws.add_access_key())
        return await self._measure(
            "rollout", lambda: cluster.set_credential(self.name, self.namespaces)
        )

    async def refresh(self) -> Run:
        """Replace the AWS key, and wait until every pull secret is rewritten."""
        key = self.site.aws.add_access_key()
        return await self._measure("refresh", lambda: self.site.cluster.set_access(self.name, key))

    async def _measure(self, phase: Phase, begin: Callable[[], Awaitable[None]]) -> Run:
        pid, size = self.operator.process.pid, len(self.namespaces)
        self.site.aws.reset_counters()
        usage.reset_peak(pid)
        cpu, around = usage.cpu_seconds(pid), self.site.control_plane_cpu()
        log = self.site.requests()
        began_at = datetime.now(UTC)
        await begin()
        requests = await _all_written(log, size)
        done_at = max(request.answered_at for request in requests if request.wrote_secret)
        return Run(
            who="operator",
            phase=phase,
            size=size,
            time=done_at - began_at,
            cpu=timedelta(seconds=usage.cpu_seconds(pid) - cpu),
            control_plane_cpu=self.site.control_plane_cpu() - around,
            peak_mib=usage.peak_mib(pid),
            api_requests=len(requests),
            aws_calls=self.site.aws.count(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BareRival:
    """The bare client: a process of its own for each phase."""

    site: Site
    name: str  # of the pull secrets
    namespaces: tuple[str, ...]
    contents: tuple[Template, Template]  # before and after the refresh

    async def roll_out(self) -> Run:
        """Create every Secret."""
        targets = [(namespace, ABSENT) for namespace in self.namespaces]
        return await self._measure("rollout", self.contents[0], targets)

    async def refresh(self) -> Run:
        """Write every Secret in place."""
        found = await self.site.cluster.secrets(self.name)
        targets = [(each.namespace, guard_of(each)) for each in found]
        return await self._measure("refresh", self.contents[1], targets)

    async def _measure(
        self, phase: Phase, content: Template, targets: list[tuple[str, str]]
    ) -> Run:
        control_plane = self.site.control_plane
        job = Job(
            server=control_plane.url,
            ca_file=str(control_plane.ca_file),
            token=await asyncio.to_thread(self.site.token),
            secret_name=self.name,
            template=content.named(self.name),
            targets=targets,
            at_once=AT_ONCE,
            force=phase == "refresh",
        )
        around = self.site.control_plane_cpu()
        result = await _run_bare(job)
        return Run(
            who="bare",
            phase=phase,
            size=len(targets),
            time=timedelta(seconds=result.seconds),
            cpu=timedelta(seconds=result.cpu_seconds),
            control_plane_cpu=self.site.control_plane_cpu() - around,
            peak_mib=result.peak_mib,
            api_requests=result.writes,
            aws_calls=0,
        )


async def _all_written(log: RequestLog, size: int) -> list[Request]:
    """Wait until as many Secrets are written and nothing more is asked for."""
    seen: list[Request] = []
    written = 0
    async with asyncio.timeout(_LONGEST.total_seconds()):
        while True:
            new = log.read()
            seen += new
            written += sum(request.wrote_secret for request in new)
            if written >= size and datetime.now(UTC) - seen[-1].answered_at > _QUIET:
                return seen
            await asyncio.sleep(_LOOK)


async def _run_bare(job: Job) -> Result:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare", cwd=ROOT, stdin=-1, stdout=-1, stderr=-1
    )
    async with asyncio.timeout(_LONGEST.total_seconds()):
        answer, complaint = await process.communicate(msgspec.json.encode(job))
    if process.returncode != 0:
        raise ControlPlaneError(f"the bare client failed:\n{complaint.decode()}")
    return msgspec.json.decode(answer, type=Result)
