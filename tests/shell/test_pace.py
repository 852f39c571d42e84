"""How an informer's attempts are spaced."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from ecr_secrets.errors import GoneError, OperatorError, ThrottledError, UnavailableError
from ecr_secrets.kube.pace import Pace, Timing

HEALTHY = timedelta(seconds=10)
BROKEN = UnavailableError("x")
AT_ONCE = timedelta(0)
MOMENT = timedelta(microseconds=1)


def a_timing(fraction: float = 0.0) -> Timing:
    """Make a timing of round numbers whose jitter is known."""
    return Timing(
        healthy=HEALTHY,
        floor=timedelta(seconds=1),
        cap=timedelta(seconds=20),
        random=lambda: fraction,
    )


@pytest.mark.parametrize(
    ("error", "watched", "expected"),
    [
        pytest.param(None, HEALTHY, 0, id="ended-in-good-order-after-long-enough"),
        pytest.param(None, HEALTHY - MOMENT, 1.5, id="ended-in-good-order-too-soon"),
        pytest.param(BROKEN, HEALTHY, 1.5, id="broke-after-long-enough"),
        pytest.param(BROKEN, AT_ONCE, 1.5, id="could-not-begin"),
        pytest.param(GoneError("x"), AT_ONCE, 1.5, id="gone"),
        pytest.param(ThrottledError("x", timedelta(0)), AT_ONCE, 1.5, id="throttled-for-nothing"),
        pytest.param(ThrottledError("x", timedelta(seconds=9)), AT_ONCE, 10.5, id="throttled"),
        pytest.param(ThrottledError("x", timedelta(minutes=1)), AT_ONCE, 61.5, id="for-a-minute"),
        pytest.param(ThrottledError("x", timedelta(hours=1)), AT_ONCE, 61.5, id="for-an-hour"),
    ],
)
def test_the_first_pause(error: OperatorError | None, watched: timedelta, expected: float) -> None:
    """A pause is as long as asked for, within reason, and never none after a failure."""
    pause = Pace(a_timing(fraction=0.5)).pause(error, watched=watched)

    assert pause.total_seconds() == expected


def pauses(watches: Sequence[tuple[OperatorError | None, timedelta]]) -> list[float]:
    """Return the pauses after these watches in a row, with all the jitter there is."""
    pace = Pace(a_timing(fraction=1.0))
    return [pace.pause(error, watched=watched).total_seconds() for error, watched in watches]


def test_pauses_grow_up_to_a_cap() -> None:
    """A server in trouble is left alone ever longer, but never for more than the cap."""
    assert pauses([(BROKEN, AT_ONCE)] * 7) == [2, 3, 5, 9, 17, 20, 20]


def test_a_watch_that_held_ends_the_row() -> None:
    """After a healthy time, trouble is met as if it were the first."""
    row = [(BROKEN, AT_ONCE), (BROKEN, AT_ONCE), (BROKEN, HEALTHY), (BROKEN, AT_ONCE)]

    assert pauses(row) == [2, 3, 2, 3]


def test_a_server_that_ends_every_watch_at_once_is_not_pestered() -> None:
    """An end in good order is no success when nothing else ever happens."""
    assert pauses([(None, AT_ONCE)] * 4) == [2, 3, 5, 9]


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [pytest.param(0.0, 240, id="shortest"), pytest.param(1.0, 480, id="longest")],
)
def test_watches_end_at_different_times(fraction: float, expected: int) -> None:
    """The time asked for is spread, so that not all watches of all replicas end together."""
    assert a_timing(fraction).watch_seconds() == expected


def test_a_410_is_a_sign_of_life() -> None:
    """A server that is back forgets old versions: what happened meanwhile is listed at once."""
    gone = GoneError("x")

    assert pauses([(BROKEN, AT_ONCE)] * 5 + [(gone, AT_ONCE)])[-1] == 2


def test_a_server_that_only_ever_says_410_is_left_alone_as_well() -> None:
    """Listing anew for ever without a pause helps nobody."""
    assert pauses([(GoneError("x"), AT_ONCE)] * 4) == [2, 3, 5, 9]
