"""Measurements that are all well, and take what differs."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bench.measured import Footprint, Idle, Machine, Run
from bench.summary import Comparison, Typical

MACHINE = Machine(
    cores=2,
    processor="fast",
    memory_gib=8.0,
    python="3.11",
    libraries="",
    kubernetes="v1",
    load=(0.0, 0.0),
)
_RUN = Run(
    who="operator",
    phase="rollout",
    size=100,
    time=timedelta(seconds=1),
    cpu=timedelta(seconds=0.5),
    control_plane_cpu=timedelta(seconds=1),
    peak_mib=70.0,
    api_requests=108,
    aws_calls=1,
)


def a_run(*, seconds: float = 1.0, **changes: Any) -> Run:
    """Make a run that took so long."""
    return replace(_RUN, time=timedelta(seconds=seconds), **changes)


def a_typical(**changes: float) -> Typical:
    """Make medians."""
    typical = Typical(
        seconds=1.0,
        cpu_seconds=0.5,
        control_plane_seconds=1.0,
        peak_mib=70.0,
        api_requests=108,
        aws_calls=1,
    )
    return replace(typical, **changes)


def a_comparison(
    *, ratio: float = 1.0, operator: Typical | None = None, **changes: Any
) -> Comparison:
    """Make a comparison in which the operator took so many times as long."""
    comparison = Comparison(
        phase="rollout",
        size=100,
        operator=operator or a_typical(),
        bare=a_typical(aws_calls=0),
        ratios=(ratio,),
    )
    return replace(comparison, **changes)


def a_footprint(**changes: Any) -> Footprint:
    """Make a footprint without unrelated Secrets."""
    footprint = Footprint(size=100, unrelated=0, resident_mib=60.0, peak_mib=61.0)
    return replace(footprint, **changes)


def an_idle_minute(*, cpu_seconds: float = 0.1, **changes: Any) -> Idle:
    """Make a minute in which nothing was done."""
    idle = Idle(
        size=100,
        time=timedelta(seconds=60),
        cpu=timedelta(seconds=cpu_seconds),
        writes=0,
        other_requests=2,
        aws_calls=0,
    )
    return replace(idle, **changes)
