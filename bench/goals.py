"""The numbers to reach, and whether they were."""

from collections.abc import Iterable, Sequence

from bench.measured import Footprint, Idle, Phase
from bench.summary import Comparison, growth
from bench.verdict import Verdict

MAX_RATIO = 1.5  # of the operator's time to the bare client's
MAX_GROWTH = 1.15  # of the time per namespace: what counts as linear, noise allowed for
MAX_MIB = 96.0
MAX_EXTRA_MIB = 1.0  # what counts as nothing: two starts of one program differ by as much
MAX_CORE_PERCENT = 1.0


def judge(
    comparisons: Sequence[Comparison], footprints: Sequence[Footprint], idle: Idle | None
) -> tuple[Verdict, ...]:
    """Hold what was measured against the goals; what was not measured has no verdict."""
    phases: tuple[Phase, ...] = ("rollout", "refresh")
    paces = [verdict for phase in phases for verdict in _pace(comparisons, phase)]
    return (
        *paces,
        _demand(comparisons),
        _memory(comparisons, footprints),
        *_strangers(footprints),
        *(_idleness(idle) if idle else ()),
    )


def _pace(comparisons: Sequence[Comparison], phase: Phase) -> Iterable[Verdict]:
    found = [entry for entry in comparisons if entry.phase == phase]
    ratios = ", ".join(f"{entry.ratio:.2f} (N = {entry.size:,})" for entry in found)
    yield Verdict(
        what=f"{phase}: time, as a multiple of the bare client's",
        goal=f"≤ {MAX_RATIO}",
        measured=ratios,
        met=all(entry.ratio <= MAX_RATIO for entry in found),
    )
    if len(found) > 1:
        grown = growth(comparisons, phase)
        yield Verdict(
            what=f"{phase}: time per namespace, N = {found[-1].size:,} to N = {found[-2].size:,}",
            goal=f"linear: ≤ {MAX_GROWTH}",
            measured=f"{grown:.2f}",
            met=grown <= MAX_GROWTH,
        )


def _demand(comparisons: Sequence[Comparison]) -> Verdict:
    calls = sorted({entry.operator.aws_calls for entry in comparisons})
    return Verdict(
        what="AWS calls per rollout and per refresh",
        goal="1",
        measured=", ".join(f"{each:g}" for each in calls),
        met=calls == [1],
    )


def _memory(comparisons: Sequence[Comparison], footprints: Sequence[Footprint]) -> Verdict:
    size = max(entry.size for entry in comparisons)
    peak = max(
        *(entry.operator.peak_mib for entry in comparisons),
        *(each.peak_mib for each in footprints),
    )
    return Verdict(
        what=f"memory: the highest peak, up to N = {size:,}",
        goal=f"≤ {MAX_MIB:g} MiB",
        measured=f"{peak:.1f} MiB",
        met=peak <= MAX_MIB,
    )


def _strangers(footprints: Sequence[Footprint]) -> Iterable[Verdict]:
    crowded = [each for each in footprints if each.unrelated]
    alone = [each for each in footprints if not each.unrelated]
    if not crowded or not alone:
        return
    extra = max(each.resident_mib for each in crowded) - max(each.resident_mib for each in alone)
    yield Verdict(
        what=f"memory: more with {crowded[0].unrelated:,} unrelated Secrets",
        goal=f"+ 0: ≤ {MAX_EXTRA_MIB:g} MiB",
        measured=f"{extra:+.1f} MiB",
        met=extra <= MAX_EXTRA_MIB,
    )


def _idleness(idle: Idle) -> Iterable[Verdict]:
    during = f"idle for {idle.time.total_seconds():.0f} s"
    yield Verdict(
        what=f"{during}: writes", goal="0", measured=str(idle.writes), met=idle.writes == 0
    )
    yield Verdict(
        what=f"{during}: AWS calls",
        goal="0",
        measured=str(idle.aws_calls),
        met=idle.aws_calls == 0,
    )
    yield Verdict(
        what=f"{during}: share of a core",
        goal=f"< {MAX_CORE_PERCENT:g} %",
        measured=f"{idle.core_percent:.2f} %",
        met=idle.core_percent < MAX_CORE_PERCENT,
    )
