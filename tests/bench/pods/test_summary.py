"""Starts become medians, and a pod that did not run is not forgotten."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bench.pods.summary import NEVER, Summary, say_seconds, sum_up
from tests.bench.pods.builders import a_start


def test_the_pods_of_a_way_are_summed_up() -> None:
    """Times as medians, what it cost as totals."""
    starts = [
        a_start(way="the pasted recipe", seconds=2.0, step=0.25, replaced=True),
        a_start(way="the pasted recipe", seconds=1.0, step=0.75, refused=1, replaced=True),
        a_start(way="the pasted recipe", seconds=12.0, step=0.5, refused=2, aws_calls=3),
    ]

    found = sum_up(starts)

    assert found == (
        Summary(
            outage="the operator was down",
            way="the pasted recipe",
            seconds=(2.0, 1.0, 12.0),
            step=0.5,
            whole=2.25,
            watched=120.0,
            refused=3,
            aws_calls=5,
            replaced=2,
        ),
    )
    assert found[0].median == 2.0


def test_ways_and_outages_are_kept_apart_in_the_order_of_the_first_round() -> None:
    """Later rounds begin with another way, and the table does not."""
    starts = [
        a_start(way="nothing"),
        a_start(way="timer only"),
        a_start(way="timer only", outage="AWS was away"),
        a_start(way="timer only"),
        a_start(way="nothing"),
        a_start(way="timer only", outage="AWS was away"),
    ]

    found = [(each.outage, each.way, len(each.seconds)) for each in sum_up(starts)]

    assert found == [
        ("the operator was down", "nothing", 2),
        ("the operator was down", "timer only", 2),
        ("AWS was away", "timer only", 2),
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param([None], NEVER, id="none-ran"),
        pytest.param([1.0, None, 2.0], 2.0, id="most-ran"),
        pytest.param([1.0, None, None], NEVER, id="most-did-not"),
        pytest.param([None, None], NEVER, id="an-even-number"),
    ],
)
def test_a_pod_that_did_not_run_counts_as_the_slowest(
    seconds: Sequence[float | None], expected: float
) -> None:
    """To leave it out would make a way look better for each pod that it fails."""
    (found,) = sum_up(a_start(seconds=each) for each in seconds)

    assert found.median == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0.574, "0.57", id="ran"),
        pytest.param(NEVER, "not after 30 s", id="did-not-run"),
    ],
)
def test_what_did_not_run_is_said_in_words(seconds: float, expected: str) -> None:
    """`inf` would tell a reader less than how long somebody watched."""
    assert say_seconds(seconds, watched=timedelta(seconds=30).total_seconds()) == expected
