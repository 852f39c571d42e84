"""What an operator costs that has nothing to do."""

import asyncio
from datetime import UTC, datetime, timedelta

from bench import usage
from bench.measured import Footprint, Idle
from bench.site import Site

_SETTLED = 8  # seconds after it is ready; lists and first reconciles take less


async def weigh(site: Site, *, size: int, unrelated: int) -> Footprint:
    """Start an operator, let it settle and look at its memory.

    Args:
        size: namespaces it serves.
        unrelated: Secrets in the cluster that are not ours.
    """
    async with site.operator() as operator:
        await asyncio.sleep(_SETTLED)
        pid = operator.process.pid
        return Footprint(
            size=size,
            unrelated=unrelated,
            resident_mib=usage.resident_mib(pid),
            peak_mib=usage.peak_mib(pid),
        )


async def idle(site: Site, *, size: int, time: timedelta) -> Idle:
    """Start an operator, let it settle and watch it do nothing for a while."""
    async with site.operator() as operator:
        await asyncio.sleep(_SETTLED)
        pid = operator.process.pid
        site.aws.reset_counters()
        log, began_at, cpu = site.requests(), datetime.now(UTC), usage.cpu_seconds(pid)
        await asyncio.sleep(time.total_seconds())
        cpu = usage.cpu_seconds(pid) - cpu
        took, requests = datetime.now(UTC) - began_at, log.read()
        writes = sum(request.is_write for request in requests)
        return Idle(
            size=size,
            time=took,
            cpu=timedelta(seconds=cpu),
            writes=writes,
            other_requests=len(requests) - writes,
            aws_calls=site.aws.count(),
        )
