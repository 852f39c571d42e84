"""What was measured is held against the goals, each at its boundary."""

from collections.abc import Sequence

import pytest

from bench.goals import judge
from bench.measured import Footprint, Idle
from bench.summary import Comparison
from tests.bench.builders import a_comparison, a_footprint, a_typical, an_idle_minute


def _missed(
    comparisons: Sequence[Comparison] = (),
    footprints: Sequence[Footprint] = (),
    idle: Idle | None = None,
) -> list[str]:
    """Name the goals missed, with what is not given being all well."""
    well = (a_comparison(), a_comparison(phase="refresh"))
    starts = (a_footprint(), a_footprint(unrelated=3000))
    verdicts = judge(comparisons or well, footprints or starts, idle or an_idle_minute())
    return [verdict.what for verdict in verdicts if not verdict.met]


def test_all_is_met_when_all_is_well() -> None:
    """The other tests change one thing each."""
    assert _missed() == []


@pytest.mark.parametrize(
    ("ratio", "missed"),
    [
        pytest.param(1.49, 0, id="below"),
        pytest.param(1.5, 0, id="exactly-the-goal"),
        pytest.param(1.51, 1, id="above"),
    ],
)
def test_one_size_above_the_ratio_misses_the_goal(ratio: float, missed: int) -> None:
    """A goal holds at every N, not on average."""
    comparisons = [
        a_comparison(),
        a_comparison(phase="refresh"),
        a_comparison(phase="refresh", size=200, ratio=ratio, operator=a_typical(seconds=2.0)),
    ]

    assert len(_missed(comparisons)) == missed


@pytest.mark.parametrize(
    ("seconds", "missed"),
    [
        pytest.param(11.4, 0, id="nearly-linear"),
        pytest.param(11.6, 1, id="not-linear"),
    ],
)
def test_time_that_grows_faster_than_the_namespaces_misses_the_goal(
    seconds: float, missed: int
) -> None:
    """Something quadratic shows at the largest size first."""
    comparisons = [
        a_comparison(),
        a_comparison(size=1000, operator=a_typical(seconds=seconds)),
        a_comparison(phase="refresh"),
    ]

    assert len(_missed(comparisons)) == missed


@pytest.mark.parametrize(
    ("peak", "missed"),
    [
        pytest.param(95.9, [], id="below"),
        pytest.param(96.0, [], id="exactly-the-goal"),
        pytest.param(96.1, ["memory: the highest peak, up to N = 100"], id="above"),
    ],
)
def test_the_highest_peak_counts(peak: float, missed: list[str]) -> None:
    """A limit kills at the peak, not at the median."""
    comparisons = [
        a_comparison(operator=a_typical(peak_mib=peak)),
        a_comparison(phase="refresh"),
    ]

    assert _missed(comparisons) == missed


def test_memory_that_grows_with_strangers_misses_the_goal() -> None:
    """Secrets that are not ours cost nothing."""
    starts = [a_footprint(), a_footprint(unrelated=3000, resident_mib=61.1)]

    assert _missed(footprints=starts) == ["memory: more with 3,000 unrelated Secrets"]


@pytest.mark.parametrize("calls", [pytest.param(0, id="none"), pytest.param(2, id="two")])
def test_any_other_number_of_aws_calls_than_one_misses_the_goal(calls: int) -> None:
    """No call at all would mean that nothing was refreshed."""
    comparisons = [
        a_comparison(),
        a_comparison(phase="refresh", operator=a_typical(aws_calls=calls)),
    ]

    assert _missed(comparisons) == ["AWS calls per rollout and per refresh"]


@pytest.mark.parametrize(
    ("idle", "missed"),
    [
        pytest.param(an_idle_minute(writes=1), ["idle for 60 s: writes"], id="a-write"),
        pytest.param(an_idle_minute(aws_calls=1), ["idle for 60 s: AWS calls"], id="a-call"),
        pytest.param(an_idle_minute(cpu_seconds=0.59), [], id="just-below-a-percent"),
        pytest.param(
            an_idle_minute(cpu_seconds=0.6), ["idle for 60 s: share of a core"], id="a-percent"
        ),
    ],
)
def test_an_idle_operator_does_nothing(idle: Idle, missed: list[str]) -> None:
    """Watching is not work."""
    assert _missed(idle=idle) == missed
