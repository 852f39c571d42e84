"""Batches of pods, and takes what differs."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bench.admission.creator import Creation
from bench.admission.measured import Batch, Case, Load, Rescue
from bench.admission.summary import Admission, Percentile

ALONE = Load(1)
MANY = Load(32, 100)
_ASKED = frozenset({"bare webhook", "fresh", "expired"})  # cases in which a webhook is


def a_batch(case: Case, *milliseconds: float, **changes: Any) -> Batch:
    """Make a batch of pods that took so long."""
    batch = Batch(
        case=case,
        load=ALONE,
        milliseconds=milliseconds or (3.0,),
        reviews_per_pod=1.0 if case in _ASKED else 0.0,
        webhook_cpu=timedelta(milliseconds=0.2),
        control_plane_cpu=timedelta(milliseconds=2),
    )
    return replace(batch, **changes)


def a_rescue(*milliseconds: float, **changes: Any) -> Rescue:
    """Make a rescue of pods that took so long, all well."""
    times = milliseconds or (120.0, 130.0)
    rescue = Rescue(
        batch=a_batch("expired", *times), secrets=1, aws_calls=1, in_time=len(times), warned=0
    )
    return replace(rescue, **changes)


def an_admission(
    case: Case = "fresh", *, p50_above: float = 0.5, p99_above: float = 5.0, **changes: Any
) -> Admission:
    """Make a summary that is so many milliseconds above no webhook."""
    admission = Admission(
        case=case,
        load=MANY,
        pods=1000,
        p50=Percentile(value=3.0, above=(p50_above,)),
        p99=Percentile(value=9.0, above=(p99_above,)),
        reviews_per_pod=(1.0 if case in _ASKED else 0.0,),
        webhook_cpu=timedelta(milliseconds=0.2),
        control_plane_cpu=timedelta(milliseconds=2),
    )
    return replace(admission, **changes)


def a_creation(namespace: str = "shop", *, version: int = 20) -> Creation:
    """Make a pod that was created at a resource version."""
    return Creation(namespace, 3.0, version, False)
