"""Batches become percentiles, and differences within a round."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bench.admission.summary import percentile, sum_up
from tests.bench.admission.builders import ALONE, MANY, a_batch


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        pytest.param([7.0], 50, 7.0, id="one-value"),
        pytest.param([7.0], 99, 7.0, id="one-value-high"),
        pytest.param([4.0, 1.0, 3.0, 2.0], 50, 2.0, id="even-number"),
        pytest.param([3.0, 1.0, 2.0], 50, 2.0, id="odd-number"),
        pytest.param(range(1, 100), 99, 99, id="just-too-few-to-leave-one-out"),
        pytest.param(range(1, 101), 99, 99, id="exactly-one-above"),
        pytest.param(range(1, 102), 99, 100, id="not-quite-two-above"),
    ],
)
def test_a_percentile_is_one_of_the_values(
    values: Sequence[float], percent: int, expected: float
) -> None:
    """Nothing is made up between two pods: some pod really waited that long."""
    assert percentile(values, percent) == expected


def test_a_case_is_compared_with_no_webhook_of_its_own_round() -> None:
    """The noise of a round is in both, so it falls out before anything is summed up."""
    rounds = [(2.0, 3.0), (50.0, 50.5), (4.0, 5.5)]
    batches = [
        batch
        for without, fresh in rounds
        for batch in (a_batch("no webhook", without), a_batch("fresh", fresh))
    ]

    _, fresh = sum_up(batches)

    assert fresh.p50.above == (1.0, 0.5, 1.5)
    assert fresh.p50.typically_above == 1.0
    assert fresh.p50.value == 5.5
    assert fresh.pods == 3


def test_a_case_is_compared_with_the_baseline_that_is_asked_for() -> None:
    """What a case adds depends on what it is added to."""
    batches = [a_batch("bare webhook", 2.5), a_batch("fresh", 3.0)]

    found = [(each.case, *each.p50.above) for each in sum_up(batches, "bare webhook")]

    assert found == [("bare webhook", 0.0), ("fresh", 0.5)]


def test_loads_are_compared_apart_and_cases_come_in_order() -> None:
    """A pod among many waits for their sake too, not for the webhook's alone."""
    batches = [
        a_batch("fresh", 3.0),
        a_batch("fresh", 9.0, load=MANY),
        a_batch("not matching", 2.5),
        a_batch("not matching", 8.5, load=MANY),
        a_batch("no webhook", 2.0),
        a_batch("no webhook", 8.0, load=MANY),
    ]

    found = [(each.case, each.load, *each.p50.above) for each in sum_up(batches)]

    assert found == [
        ("no webhook", ALONE, 0.0),
        ("no webhook", MANY, 0.0),
        ("not matching", ALONE, 0.5),
        ("not matching", MANY, 0.5),
        ("fresh", ALONE, 1.0),
        ("fresh", MANY, 1.0),
    ]


def test_a_round_without_its_baseline_is_an_error() -> None:
    """A difference without its other half would be an invention."""
    batches = [a_batch("no webhook"), a_batch("fresh"), a_batch("fresh")]

    with pytest.raises(ValueError, match="shorter"):
        sum_up(batches)


def test_processor_time_is_the_median_of_the_rounds() -> None:
    """One round in which the machine was busy does not count."""
    spent = [timedelta(milliseconds=each) for each in (0.3, 9.0, 0.2)]
    batches = [a_batch("no webhook", webhook_cpu=each) for each in spent]

    (found,) = sum_up(batches)

    assert found.webhook_cpu == timedelta(milliseconds=0.3)
