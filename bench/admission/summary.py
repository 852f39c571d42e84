"""Sums up batches: percentiles, and by how much a case is above another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from bench.admission.measured import Batch, Case, Load

CASES: tuple[Case, ...] = ("no webhook", "bare webhook", "not matching", "fresh", "expired")


def percentile(values: Iterable[float], percent: int) -> float:
    """Return the smallest value that so many percent do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(rank, 1) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """One percentile of a case, in milliseconds."""

    value: float  # the median of the rounds
    above: tuple[float, ...]  # what it is above that of the baseline, round by round

    @property
    def typically_above(self) -> float:
        """The median of the rounds."""
        return median(self.above)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """One case under one load."""

    case: Case
    load: Load
    pods: int
    p50: Percentile
    p99: Percentile
    reviews_per_pod: tuple[float, ...]  # round by round
    webhook_cpu: timedelta  # per pod, as a median, like the next
    control_plane_cpu: timedelta


def sum_up(batches: Iterable[Batch], baseline: Case = "no webhook") -> tuple[Admission, ...]:
    """Sum up each case under each load, and compare it with a baseline under that load.

    Args:
        batches: in the order of the rounds; each round has both.
        baseline: what all are compared with, itself included.
    """
    known = list(batches)
    loads = dict.fromkeys(batch.load for batch in known)
    return tuple(
        _admission(found, [each for each in known if (each.case, each.load) == (baseline, load)])
        for case in CASES
        for load in loads
        if (found := [each for each in known if (each.case, each.load) == (case, load)])
    )


def _admission(found: Sequence[Batch], without: Sequence[Batch]) -> Admission:
    return Admission(
        case=found[0].case,
        load=found[0].load,
        pods=sum(len(batch.milliseconds) for batch in found),
        p50=_percentile(found, without, 50),
        p99=_percentile(found, without, 99),
        reviews_per_pod=tuple(batch.reviews_per_pod for batch in found),
        webhook_cpu=_middle(batch.webhook_cpu for batch in found),
        control_plane_cpu=_middle(batch.control_plane_cpu for batch in found),
    )


def _percentile(found: Sequence[Batch], without: Sequence[Batch], percent: int) -> Percentile:
    ours, theirs = (
        [percentile(batch.milliseconds, percent) for batch in batches]
        for batches in (found, without)
    )
    above = tuple(one - other for one, other in zip(ours, theirs, strict=True))
    return Percentile(value=median(ours), above=above)


def _middle(spans: Iterable[timedelta]) -> timedelta:
    return timedelta(seconds=median(span.total_seconds() for span in spans))
