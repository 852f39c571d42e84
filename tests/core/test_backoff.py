"""How long to wait after a failure."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.backoff import full_jitter

FLOOR, CAP = timedelta(seconds=1), timedelta(seconds=60)


@pytest.mark.parametrize(
    ("failures", "fraction", "seconds"),
    [
        pytest.param(1, 0.0, 1, id="first-at-the-earliest"),
        pytest.param(1, 0.5, 1.5, id="first-half-way"),
        pytest.param(2, 0.5, 2, id="second-half-way"),
        pytest.param(3, 0.5, 3, id="third-half-way"),
        pytest.param(6, 0.5, 17, id="last-below-the-cap"),
        pytest.param(7, 0.5, 31, id="first-at-the-cap"),
        pytest.param(7, 0.999999, 60, id="never-beyond-the-cap"),
        pytest.param(8, 0.0, 1, id="early-again-by-chance"),
        pytest.param(10**9, 0.5, 31, id="a-billion-failures"),
    ],
)
def test_retries_spread_over_a_span_that_doubles(
    failures: int, fraction: float, seconds: float
) -> None:
    """Many that failed together do not come back together, nor soon."""
    wait = full_jitter(failures, floor=FLOOR, cap=CAP, fraction=fraction)

    assert wait == timedelta(seconds=seconds)


@given(
    failures=st.integers(min_value=1),
    fraction=st.floats(min_value=0, max_value=1, exclude_max=True),
    cap=st.timedeltas(min_value=FLOOR, max_value=timedelta(days=1)),
)
def test_a_wait_lies_between_floor_and_cap(failures: int, fraction: float, cap: timedelta) -> None:
    """Never at once, and never for longer than promised."""
    assert FLOOR <= full_jitter(failures, floor=FLOOR, cap=cap, fraction=fraction) <= cap
