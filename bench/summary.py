"""Sums up repeated runs: medians, and how the operator compares to the bare client."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from bench.measured import Phase, Run, Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Typical:
    """The medians of some runs that measured the same."""

    seconds: float
    cpu_seconds: float
    control_plane_seconds: float  # of processor time
    peak_mib: float
    api_requests: float
    aws_calls: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The operator beside the bare client, at one size."""

    phase: Phase
    size: int  # namespaces
    operator: Typical
    bare: Typical
    ratios: tuple[float, ...]  # of the times, round by round

    @property
    def ratio(self) -> float:
        """How many times as long the operator took: the median of the rounds."""
        return median(self.ratios)

    @property
    def cpu_ratio(self) -> float:
        """How many times as much processor time the operator took."""
        return self.operator.cpu_seconds / self.bare.cpu_seconds

    @property
    def milliseconds_each(self) -> float:
        """The operator's time per namespace."""
        return 1000 * self.operator.seconds / self.size


def compare(runs: Iterable[Run]) -> tuple[Comparison, ...]:
    """Compare what was measured at each size, the smallest first.

    Args:
        runs: in the order of the rounds; each with both rivals in each phase.
    """
    known = list(runs)
    sizes = sorted({run.size for run in known})
    phases: tuple[Phase, ...] = ("rollout", "refresh")
    return tuple(_comparison(known, phase, size) for phase in phases for size in sizes)


def growth(comparisons: Iterable[Comparison], phase: Phase) -> float:
    """Tell how the time per namespace grows from the second largest size to the largest.

    1.0: exactly linear, as it is when there is but one size. Less: a fixed part shows.
    """
    each = [entry.milliseconds_each for entry in comparisons if entry.phase == phase]
    return each[-1] / each[-2] if len(each) > 1 else 1.0


def _comparison(runs: list[Run], phase: Phase, size: int) -> Comparison:
    def of(who: Who) -> list[Run]:
        return [run for run in runs if (run.who, run.phase, run.size) == (who, phase, size)]

    ours, theirs = of("operator"), of("bare")
    return Comparison(
        phase=phase,
        size=size,
        operator=_typical(ours),
        bare=_typical(theirs),
        ratios=tuple(mine.time / other.time for mine, other in zip(ours, theirs, strict=True)),
    )


def _typical(runs: list[Run]) -> Typical:
    return Typical(
        seconds=median(run.time.total_seconds() for run in runs),
        cpu_seconds=median(run.cpu.total_seconds() for run in runs),
        control_plane_seconds=median(run.control_plane_cpu.total_seconds() for run in runs),
        peak_mib=median(run.peak_mib for run in runs),
        api_requests=median(run.api_requests for run in runs),
        aws_calls=median(run.aws_calls for run in runs),
    )
