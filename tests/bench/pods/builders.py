"""Starts of pods, and takes what differs."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bench.pods.measured import Start

_START = Start(
    outage="the operator was down",
    way="this operator",
    running=timedelta(seconds=1),
    watched=timedelta(seconds=120),
    step=timedelta(),
    refused=0,
    aws_calls=1,
    replaced=False,
)


def a_start(*, seconds: float | None = 1.0, step: float = 0.0, **changes: Any) -> Start:
    """Make a pod that ran after so many seconds, behind a step of so many.

    Args:
        seconds: None: it did not run.
        step: of the pipeline, in seconds.
        changes: what else differs.
    """
    running = None if seconds is None else timedelta(seconds=seconds)
    return replace(_START, running=running, step=timedelta(seconds=step), **changes)
