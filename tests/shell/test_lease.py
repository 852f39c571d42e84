"""What a Lease says, and from when on it may be claimed."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ecr_secrets.core.objects import ObjectMeta
from ecr_secrets.kube.claim import LeaseTiming, Observation, claimable_from, observe
from ecr_secrets.kube.lease import (
    Lease,
    LeaseSpec,
    Stamps,
    claimed,
    format_micro_time,
    released,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE, AT_NOON = "2026-03-01T11:59:58.000000Z", "2026-03-01T12:00:00.000000Z"
A_YEAR = 31_536_000  # seconds
DURATION = timedelta(seconds=15)
TIMING = LeaseTiming()
MICROSECOND = timedelta(microseconds=1)


def a_spec(holder: str | None = "b", **changed: Any) -> LeaseSpec:
    """Make what a Lease says that was renewed a moment ago."""
    fields = {
        "holder_identity": holder,
        "lease_duration_seconds": 15,
        "acquire_time": BEFORE,
        "renew_time": BEFORE,
        "lease_transitions": 3,
    }
    return LeaseSpec(**{**fields, **changed})


def a_lease(holder: str | None = "b", *, version: str = "7", **changed: Any) -> Lease:
    """Make a Lease that says it."""
    metadata = ObjectMeta(name="leader", uid="u", resource_version=version)
    return Lease(metadata=metadata, spec=a_spec(holder, **changed))


@pytest.mark.parametrize(
    ("lease", "leading", "expected"),
    [
        pytest.param(a_lease("b"), False, 115.0, id="somebody-elses"),
        pytest.param(a_lease("b"), True, 115.0, id="somebody-elses-now"),
        pytest.param(a_lease("a"), True, -math.inf, id="ours"),
        pytest.param(a_lease("a"), False, -math.inf, id="ours-by-an-answer-that-got-lost"),
        pytest.param(a_lease(""), False, -math.inf, id="released"),
        pytest.param(a_lease(None), False, -math.inf, id="never-held"),
        pytest.param(a_lease("b", lease_duration_seconds=A_YEAR), False, 115.0, id="for-a-year"),
        pytest.param(a_lease("b", lease_duration_seconds=1), False, 115.0, id="for-a-second"),
        pytest.param(a_lease("b", lease_duration_seconds=None), False, 115.0, id="for-no-time"),
        pytest.param(a_lease("b", renew_time=None), False, 115.0, id="without-a-time"),
        pytest.param(a_lease("b", renew_time="9999-12-31T23:59:59.999999Z"), False, 115.0, id="y9"),
        pytest.param(None, True, -math.inf, id="ours-and-deleted"),
        pytest.param(None, False, 115.0, id="deleted"),
    ],
)
def test_from_when_on_the_lease_may_be_claimed(
    lease: Lease | None, leading: bool, expected: float
) -> None:
    """A silent holder is waited for as long as we say, whatever the Lease or its times say."""
    seen = Observation(lease, since=100.0)

    assert claimable_from(seen, "a", leading=leading, timing=TIMING) == expected


def test_a_lease_that_was_never_there_is_claimed_at_once() -> None:
    """A fresh installation has a leader from the first second on."""
    seen = observe(None, None, at=100.0)

    assert claimable_from(seen, "a", leading=False, timing=TIMING) == -math.inf


@pytest.mark.parametrize(
    ("before", "lease", "since"),
    [
        pytest.param(a_lease(), a_lease(), 100.0, id="the-same"),
        pytest.param(a_lease(), a_lease(version="8"), 100.0, id="only-its-metadata"),
        pytest.param(a_lease(), a_lease(renew_time=AT_NOON), 107.0, id="renewed"),
        pytest.param(
            a_lease(renew_time=AT_NOON), a_lease(), 107.0, id="renewed-by-a-clock-set-back"
        ),
        pytest.param(a_lease(), a_lease("c"), 107.0, id="another-holder"),
        pytest.param(a_lease(), a_lease(lease_transitions=4), 107.0, id="edited"),
        pytest.param(a_lease(), None, 107.0, id="deleted"),
        pytest.param(None, a_lease(), 107.0, id="created"),
        pytest.param(None, None, 100.0, id="still-absent"),
    ],
)
def test_since_when_the_lease_says_what_it_says(
    before: Lease | None, lease: Lease | None, since: float
) -> None:
    """Any change of what it says is a sign of life; an edit of its metadata is none."""
    seen = observe(Observation(before, since=100.0), lease, at=107.0)

    assert seen == Observation(lease, since)


def test_a_lease_found_at_the_first_look_counts_from_then() -> None:
    """How long it has been silent before we came, nobody can say."""
    assert observe(None, a_lease(), at=107.0) == Observation(a_lease(), 107.0)


@pytest.mark.parametrize(
    ("found", "acquired", "transitions"),
    [
        pytest.param(None, AT_NOON, 0, id="new"),
        pytest.param(a_spec("a"), BEFORE, 3, id="renewed"),
        pytest.param(a_spec("b"), AT_NOON, 4, id="taken-over"),
        pytest.param(a_spec(""), AT_NOON, 4, id="free"),
        pytest.param(LeaseSpec(), AT_NOON, 1, id="empty"),
        pytest.param(a_spec("a", acquire_time=None), AT_NOON, 3, id="no-time"),
        pytest.param(a_spec("b", lease_transitions=2**31 - 2), AT_NOON, 2**31 - 1, id="many"),
        pytest.param(a_spec("b", lease_transitions=2**31 - 1), AT_NOON, 2**31 - 1, id="too-many"),
    ],
)
def test_what_a_claimed_lease_says(
    found: LeaseSpec | None, acquired: str, transitions: int
) -> None:
    """Since when, and after how many others, is kept by a renewal and begun anew by another."""
    expected = LeaseSpec(
        holder_identity="a",
        lease_duration_seconds=15,
        acquire_time=acquired,
        renew_time=AT_NOON,
        lease_transitions=transitions,
    )

    assert claimed(found, "a", now=NOON, duration=DURATION) == expected


@pytest.mark.parametrize(
    ("duration", "shown"), [(0.2, 1), (1.0, 1), (1.1, 2)], ids=["short", "exact", "rounded-up"]
)
def test_a_duration_is_shown_in_whole_seconds(duration: float, shown: int) -> None:
    """The API takes no fractions, and nothing below one."""
    spec = claimed(None, "a", now=NOON, duration=timedelta(seconds=duration))

    assert spec.lease_duration_seconds == shown


def test_a_released_lease_belongs_to_nobody_and_keeps_its_history() -> None:
    """Whoever comes next counts on from there."""
    expected = a_spec("", lease_duration_seconds=1, renew_time=AT_NOON)

    assert released(a_spec("a"), now=NOON) == expected


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        pytest.param(NOON, "2026-03-01T12:00:00.000000Z", id="whole"),
        pytest.param(NOON + MICROSECOND, "2026-03-01T12:00:00.000001Z", id="digits"),
        pytest.param(
            datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))),
            "2026-03-01T10:00:00.000000Z",
            id="from-elsewhere",
        ),
    ],
)
def test_times_have_six_digits_and_are_utc(instant: datetime, text: str) -> None:
    """The API server refuses a MicroTime with any other number of them."""
    assert format_micro_time(instant) == text


def test_a_clock_that_stands_still_gives_new_times_nevertheless() -> None:
    """Renewals differ from each other, or others would take the holder for dead."""
    readings = iter([NOON, NOON, NOON, NOON - DURATION, NOON])
    stamps = Stamps(lambda: next(readings))

    given = [stamps.next() for _ in range(5)]

    assert given == [NOON, NOON + MICROSECOND, NOON + 2 * MICROSECOND, NOON - DURATION, NOON]


@pytest.mark.parametrize(
    ("renew_deadline", "retry"),
    [pytest.param(15, 2, id="two-could-lead"), pytest.param(10, 9, id="no-time-to-renew")],
)
def test_spans_that_cannot_work_are_refused(renew_deadline: int, retry: int) -> None:
    """A holder stops before others may begin, and tries more than once before it stops."""
    with pytest.raises(ValueError, match="must be longer"):
        LeaseTiming(
            renew_deadline=timedelta(seconds=renew_deadline), retry=timedelta(seconds=retry)
        )


@pytest.mark.parametrize(
    ("fraction", "seconds"), [(0.0, 2.0), (0.5, 2.2), (1.0, 2.4)], ids=["least", "middle", "most"]
)
def test_attempts_are_spread_but_little(fraction: float, seconds: float) -> None:
    """Two that started together do not ask together for ever, and none waits for long."""
    timing = LeaseTiming(random=lambda: fraction)

    assert timing.pause().total_seconds() == seconds


def test_the_defaults_are_those_of_client_go() -> None:
    """15 s, 10 s, 2 s; what hangs is given up in time for another attempt."""
    spans = (TIMING.lease, TIMING.renew_deadline, TIMING.retry, TIMING.request_timeout)

    assert [span.total_seconds() for span in spans] == [15, 10, 2, 5]
