"""What is to be done next about the webhook's certificates, case by case."""

from datetime import datetime, timedelta

import pytest

from ecr_secrets.core.authority import Authority, Lifetimes
from ecr_secrets.core.rotation import (
    MAX_AUTHORITIES,
    Announce,
    Step,
    Store,
    Wait,
    choose_issuer,
    next_step,
)
from ecr_secrets.core.rotation_view import Observed
from ecr_secrets.errors import ConfigurationError
from tests.core.builders import HOUR, MINUTE, NOON, SECOND
from tests.core.certificates import DAY, LIFETIMES, a_bundle, a_leaf, a_view, an_authority

RENEWAL = 200 * DAY  # two thirds of an authority's life
LAST_LEAF = 6 * DAY + MINUTE  # from the end of signing until the last leaf has expired

SIGNING = an_authority("a", age=DAY)
OLD = an_authority("a", age=RENEWAL)  # to be replaced
NEXT = an_authority("b", "Announced")
AHEAD = an_authority("x", age=-DAY)  # made by a clock that has been set right since
ENDING = an_authority("a", age=299 * DAY)  # lives for another day


def retired(authority: Authority, retire_in: timedelta) -> Authority:
    """Make of an authority what is left of it when it does not sign any more."""
    return an_authority(
        authority.fingerprint,
        "Retired",
        age=NOON - authority.not_before,
        life=authority.not_after - authority.not_before,
        retire_in=retire_in,
    )


def promoted(authority: Authority) -> Authority:
    """Let an announced authority sign."""
    return an_authority(authority.fingerprint, "Signing", age=NOON - authority.not_before)


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        pytest.param(Observed(record=()), Store((), "Due", create=True), id="nothing-there"),
        pytest.param(
            Observed(record=(), damaged=True), Store((), "Due", create=True), id="unreadable"
        ),
        pytest.param(
            Observed(record=(), leaf=a_leaf(SIGNING)),
            Store((retired(SIGNING, LAST_LEAF),), "Missed"),
            id="record-lost-while-serving",
        ),
        pytest.param(
            Observed(record=(), leaf=a_leaf(SIGNING, age=6 * DAY)),
            Store((), "Due", create=True),
            id="record-lost-and-the-leaf-expired",
        ),
        pytest.param(
            Observed(record=(), leaf=a_leaf(SIGNING, age=-SECOND)),
            Store((), "Due", create=True),
            id="record-lost-and-the-leaf-not-valid-yet",
        ),
        pytest.param(
            a_view(NEXT, leaf=a_leaf(SIGNING)),
            Store((NEXT, retired(SIGNING, LAST_LEAF)), "Missed"),
            id="record-replaced-while-serving",
        ),
        pytest.param(
            a_view(SIGNING, damaged=True), Store((SIGNING,), "Damaged"), id="partly-unreadable"
        ),
    ],
)
def test_a_lost_record_is_rebuilt_around_what_is_in_use(observed: Observed, expected: Step) -> None:
    """Secret missing, damaged or replaced: what a replica serves with stays trusted."""
    assert next_step(observed, now=NOON, lifetimes=LIFETIMES) == expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(RENEWAL - SECOND, Wait(NOON + SECOND), id="just-before-two-thirds"),
        pytest.param(RENEWAL, Store((OLD,), "Due", create=True), id="at-two-thirds"),
        pytest.param(
            RENEWAL + SECOND,
            Store((an_authority("a", age=RENEWAL + SECOND),), "Due", create=True),
            id="after-two-thirds",
        ),
    ],
)
def test_a_new_authority_is_made_at_two_thirds_of_the_life(age: timedelta, expected: Step) -> None:
    """A third of the life is left for things to go wrong in."""
    assert next_step(a_view(an_authority("a", age=age)), now=NOON, lifetimes=LIFETIMES) == expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        pytest.param(timedelta(0), Wait(NOON + MINUTE), id="just-announced"),
        pytest.param(MINUTE - SECOND, Wait(NOON + SECOND), id="just-before-the-overlap"),
        pytest.param(
            MINUTE, Store((retired(OLD, LAST_LEAF), promoted(NEXT)), "Trusted"), id="overlap-over"
        ),
        pytest.param(
            HOUR, Store((retired(OLD, LAST_LEAF), promoted(NEXT)), "Trusted"), id="long-over"
        ),
    ],
)
def test_the_new_authority_signs_only_after_every_api_server_can_know_it(
    held: timedelta, expected: Step
) -> None:
    """Whoever is verified by an API server that lags must not have changed yet."""
    observed = a_view(OLD, NEXT, held={"a": HOUR, "b": held})

    step = next_step(observed, now=NOON, lifetimes=LIFETIMES)

    assert step == expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        pytest.param(MINUTE - SECOND, Wait(NOON + SECOND), id="too-short"),
        pytest.param(MINUTE, Store((promoted(NEXT),), "Trusted"), id="long-enough"),
    ],
)
def test_without_a_webhook_the_time_in_the_record_counts(held: timedelta, expected: Step) -> None:
    """A configuration that is made in this moment trusts what has been there for long enough."""
    observed = a_view(NEXT, bundle=None, held={"b": held}, leaf=a_leaf(NEXT))

    assert next_step(observed, now=NOON, lifetimes=LIFETIMES) == expected


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        pytest.param(a_view(SIGNING), None, id="as-it-should-be"),
        pytest.param(a_view(SIGNING, bundle=a_bundle()), {"a"}, id="emptied"),
        pytest.param(a_view(SIGNING, bundle=a_bundle(SIGNING, tidy=False)), {"a"}, id="junk-in-it"),
        pytest.param(
            a_view(OLD, NEXT, bundle=a_bundle(OLD), held={"a": HOUR}),
            {"a", "b"},
            id="new-one-missing",
        ),
        pytest.param(
            a_view(SIGNING, bundle=a_bundle(SIGNING, NEXT, astray={"b": MINUTE - SECOND})),
            None,
            id="unknown-to-the-record-for-less-than-the-overlap",
        ),
        pytest.param(
            a_view(SIGNING, bundle=a_bundle(SIGNING, NEXT, astray={"b": MINUTE})),
            {"a"},
            id="unknown-to-the-record-for-the-overlap",
        ),
        pytest.param(
            a_view(SIGNING, bundle=a_bundle(SIGNING, an_authority("b", age=300 * DAY))),
            {"a"},
            id="unknown-and-expired",
        ),
        pytest.param(a_view(SIGNING, bundle=None), None, id="no-configuration"),
    ],
)
def test_the_bundle_is_kept_as_the_record_has_it(
    observed: Observed, expected: set[str] | None
) -> None:
    """Emptied, overwritten or behind: it is published anew."""
    step = next_step(observed, now=NOON, lifetimes=LIFETIMES)

    assert (step.trusted if isinstance(step, Announce) else None) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param(
            (SIGNING, an_authority("x", "Retired", retire_in=SECOND)), None, id="leaf-may-be-alive"
        ),
        pytest.param(
            (SIGNING, an_authority("x", "Retired", retire_in=timedelta(0))),
            Store((SIGNING,), "Over"),
            id="last-leaf-expires-now",
        ),
        pytest.param(
            (SIGNING, an_authority("x", "Retired", age=300 * DAY, retire_in=HOUR)),
            Store((SIGNING,), "Over"),
            id="expired-itself",
        ),
        pytest.param((SIGNING, an_authority("x", "Retired")), None, id="end-not-said"),
        pytest.param(
            (an_authority("x", age=300 * DAY),), Store((), "Over"), id="the-signing-one-expired"
        ),
    ],
)
def test_an_authority_goes_when_nothing_it_signed_is_alive(
    record: tuple[Authority, ...], expected: Step | None
) -> None:
    """Not a second earlier."""
    step = next_step(a_view(*record), now=NOON, lifetimes=LIFETIMES)

    assert (step if isinstance(step, Store) else None) == expected


def test_an_authority_that_is_served_with_is_kept_for_longer() -> None:
    """Another replica had shorter lives in its settings, or its clock was ahead."""
    record = (an_authority("x", "Retired", retire_in=HOUR), SIGNING)
    observed = a_view(*record, leaf=a_leaf(record[0]))

    step = next_step(observed, now=NOON, lifetimes=LIFETIMES)

    assert step == Store((retired(record[0], LAST_LEAF), SIGNING), "Missed")


@pytest.mark.parametrize(
    "unusable",
    [
        pytest.param(an_authority("x", has_key=False), id="no-key"),
        pytest.param(an_authority("x", age=-SECOND), id="not-valid-yet"),
        pytest.param(an_authority("x", "Announced", has_key=False), id="announced-without-key"),
        pytest.param(an_authority("x", age=2 * DAY), id="a-second-one-signs"),
    ],
)
def test_what_cannot_sign_is_retired(unusable: Authority) -> None:
    """It may have signed something that is in use, so it stays trusted for a while."""
    step = next_step(a_view(unusable, SIGNING), now=NOON, lifetimes=LIFETIMES)

    assert step == Store((retired(unusable, LAST_LEAF), SIGNING), "Unusable")


def test_the_record_does_not_grow_without_end() -> None:
    """Somebody who replaces the record again and again does not fill the bundle."""
    others = [
        an_authority(str(number), "Retired", retire_in=HOUR)
        for number in range(MAX_AUTHORITIES - 1)
    ]

    assert isinstance(next_step(a_view(OLD, *others), now=NOON, lifetimes=LIFETIMES), Wait)
    assert isinstance(next_step(a_view(OLD, *others[1:]), now=NOON, lifetimes=LIFETIMES), Store)


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        pytest.param(a_view(SIGNING, leaf=None), "a", id="none-yet"),
        pytest.param(a_view(NEXT), "b", id="none-yet-and-only-an-announced-one"),
        pytest.param(a_view(OLD, NEXT, leaf=None), "a", id="rather-the-one-that-signs"),
        pytest.param(a_view(SIGNING), None, id="new"),
        pytest.param(
            a_view(SIGNING, leaf=a_leaf(SIGNING, age=4 * DAY - SECOND)),
            None,
            id="just-before-two-thirds",
        ),
        pytest.param(a_view(SIGNING, leaf=a_leaf(SIGNING, age=4 * DAY)), "a", id="at-two-thirds"),
        pytest.param(a_view(SIGNING, leaf=a_leaf(SIGNING, age=6 * DAY)), "a", id="expired"),
        pytest.param(a_view(SIGNING, leaf=a_leaf(SIGNING, age=-SECOND)), "a", id="not-valid-yet"),
        pytest.param(
            a_view(retired(AHEAD, LAST_LEAF), NEXT, leaf=a_leaf(AHEAD, age=-DAY), held={}),
            "b",
            id="not-valid-yet-and-neither-is-its-authority",
        ),
        pytest.param(
            a_view(ENDING, leaf=a_leaf(ENDING, age=5 * DAY, life=6 * DAY)),
            None,
            id="a-new-one-would-not-live-longer",
        ),
        pytest.param(
            a_view(ENDING, leaf=a_leaf(ENDING, age=5 * DAY, life=6 * DAY - 2 * SECOND)),
            "a",
            id="a-new-one-would-live-a-little-longer",
        ),
        pytest.param(
            a_view(SIGNING, leaf=a_leaf(NEXT), held={"a": MINUTE}),
            "a",
            id="another-one-signs-now",
        ),
        pytest.param(
            a_view(SIGNING, leaf=a_leaf(NEXT), held={"a": MINUTE - SECOND}),
            None,
            id="another-one-signs-that-is-not-trusted-everywhere-yet",
        ),
        pytest.param(
            a_view(NEXT, leaf=a_leaf(SIGNING, age=5 * DAY), held={"b": MINUTE - SECOND}),
            None,
            id="none-signs-yet",
        ),
        pytest.param(
            a_view(NEXT, leaf=a_leaf(SIGNING), held={"b": MINUTE}),
            "b",
            id="none-signs-yet-but-the-next-is-trusted-everywhere",
        ),
        pytest.param(
            a_view(OLD, NEXT, leaf=a_leaf(OLD), held={"a": HOUR, "b": MINUTE - SECOND}),
            None,
            id="the-next-is-not-trusted-everywhere-yet",
        ),
        pytest.param(
            a_view(OLD, NEXT, leaf=a_leaf(OLD), held={"a": HOUR, "b": MINUTE}),
            "b",
            id="the-next-is-trusted-everywhere",
        ),
        pytest.param(
            a_view(OLD, NEXT, leaf=a_leaf(NEXT), held={"a": HOUR, "b": MINUTE}),
            None,
            id="changed-over-before-the-promotion",
        ),
        pytest.param(
            a_view(NEXT, leaf=a_leaf(NEXT, age=4 * DAY)), "b", id="its-own-is-only-announced"
        ),
        pytest.param(Observed(record=()), None, id="there-is-none"),
    ],
)
def test_a_replica_knows_from_whom_to_get_its_certificate(
    observed: Observed, expected: str | None
) -> None:
    """It changes when that is safe, and renews at two thirds of the life."""
    issuer = choose_issuer(observed, now=NOON, lifetimes=LIFETIMES)

    assert (issuer.fingerprint if issuer else None) == expected


@pytest.mark.parametrize(
    ("observed", "until"),
    [
        pytest.param(a_view(SIGNING), NOON + 4 * DAY, id="renewal-of-the-leaf"),
        pytest.param(
            a_view(SIGNING, an_authority("x", "Retired", retire_in=HOUR)), NOON + HOUR, id="end"
        ),
        pytest.param(
            a_view(SIGNING, bundle=a_bundle(SIGNING, NEXT, astray={"b": 20 * SECOND})),
            NOON + 40 * SECOND,
            id="end-of-an-unknown-one",
        ),
        pytest.param(a_view(an_authority("a", age=199 * DAY), leaf=None), NOON + DAY, id="renewal"),
    ],
)
def test_it_is_known_when_to_look_again(observed: Observed, until: datetime) -> None:
    """Nothing has to be asked for again and again."""
    assert next_step(observed, now=NOON, lifetimes=LIFETIMES) == Wait(until)


@pytest.mark.parametrize(
    ("authority", "leaf", "fits"),
    [
        pytest.param(6 * MINUTE, 3 * MINUTE, True, id="room-for-two-overlaps"),
        pytest.param(6 * MINUTE - SECOND, 3 * MINUTE, False, id="authority-too-short"),
        pytest.param(HOUR, 3 * MINUTE - SECOND, False, id="leaf-too-short"),
        pytest.param(HOUR, HOUR, True, id="leaf-as-long-as-the-authority"),
        pytest.param(HOUR, HOUR + SECOND, False, id="leaf-longer"),
    ],
)
def test_lives_that_leave_no_room_for_a_rotation_are_refused(
    authority: timedelta, leaf: timedelta, fits: bool
) -> None:
    """At the start, not in the night in which the rotation begins."""
    try:
        Lifetimes(authority=authority, leaf=leaf, overlap=MINUTE)
    except ConfigurationError:
        assert not fits
    else:
        assert fits
