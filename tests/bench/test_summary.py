"""Repeated runs become medians and ratios."""

import pytest

from bench.measured import Phase, Run
from bench.summary import compare, growth
from tests.bench.builders import a_comparison, a_run, a_typical


def _rounds(phase: Phase, *times: tuple[float, float], size: int = 100) -> list[Run]:
    """Make rounds from the seconds of the operator and of the bare client."""
    return [
        run
        for ours, theirs in times
        for run in (
            a_run(phase=phase, size=size, seconds=ours),
            a_run(phase=phase, size=size, seconds=theirs, who="bare"),
        )
    ]


def test_the_ratio_is_the_median_of_the_rounds() -> None:
    """Both of a round met the same noise, so they are compared before anything is summed up."""
    runs = [
        *_rounds("rollout", (1.0, 1.0), (30.0, 20.0), (2.0, 1.0)),
        *_rounds("refresh", (3.0, 2.0)),
    ]

    rollout, refresh = compare(runs)

    assert rollout.ratios == (1.0, 1.5, 2.0)
    assert rollout.ratio == 1.5
    assert (rollout.operator.seconds, rollout.bare.seconds) == (2.0, 1.0)
    assert refresh.ratio == 1.5


def test_sizes_are_compared_apart_and_in_order() -> None:
    """What N does is what the table is for."""
    runs = [
        *(run for size in (1000, 100) for run in _rounds("rollout", (1.0, 1.0), size=size)),
        *(run for size in (1000, 100) for run in _rounds("refresh", (1.0, 1.0), size=size)),
    ]

    found = [(entry.phase, entry.size) for entry in compare(runs)]

    assert found == [("rollout", 100), ("rollout", 1000), ("refresh", 100), ("refresh", 1000)]


def test_a_round_of_one_rival_alone_is_an_error() -> None:
    """A ratio without its other half would be an invention."""
    runs = [*_rounds("rollout", (1.0, 1.0)), a_run(), *_rounds("refresh", (1.0, 1.0))]

    with pytest.raises(ValueError, match="shorter"):
        compare(runs)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param([1.0, 10.0], 1.0, id="linear"),
        pytest.param([1.0, 20.0], 2.0, id="twice-as-long-for-each"),
        pytest.param([1.0, 5.0], 0.5, id="a-fixed-part"),
        pytest.param([1.0], 1.0, id="only-one-size"),
    ],
)
def test_growth_is_of_the_time_per_namespace(seconds: list[float], expected: float) -> None:
    """Ten times as many namespaces may take ten times as long."""
    comparisons = [
        a_comparison(size=100 * 10**index, operator=a_typical(seconds=each))
        for index, each in enumerate(seconds)
    ]

    assert growth(comparisons, "rollout") == pytest.approx(expected)
