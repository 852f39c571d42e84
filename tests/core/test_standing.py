"""How targets stand once a plan has been carried out."""

import pytest

from ecr_secrets.core.actions import Action, Delete, Keep, Refusal, Refuse, Starve, Write
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.standing import Outcome, Standing, Trouble, stand
from ecr_secrets.errors import ForbiddenError
from tests.core.builders import (
    HOUR,
    LIFE,
    NOON,
    OTHER_UID,
    a_content,
    a_pull_secret,
    a_token,
    written,
)

SHOP = ObjectKey("shop", "ecr-login")
GOOD = written("shop", a_content())
STALE = written("shop", a_content(a_token(issued_at=NOON - 8 * HOUR)))
EXPIRED = written("shop", a_content(a_token(issued_at=NOON - LIFE)))
FOREIGN = a_pull_secret(owner_uid=None)
DENIED = ForbiddenError("secrets is forbidden: no rule allows it")
FAILED = Outcome(failures={SHOP: DENIED})
TROUBLE = Trouble(SHOP, "Forbidden", "secrets is forbidden: no rule allows it")


@pytest.mark.parametrize(
    ("action", "outcome", "state"),
    [
        pytest.param(Keep(SHOP, GOOD), Outcome(), "ready", id="kept"),
        pytest.param(Keep(SHOP, STALE), Outcome(), "ready", id="kept-and-stale"),
        pytest.param(Keep(SHOP, EXPIRED), Outcome(), "pending", id="expired-since-it-was-kept"),
        pytest.param(
            Write(SHOP, "Missing", None), Outcome(written={SHOP: GOOD}), "ready", id="created"
        ),
        pytest.param(
            Write(SHOP, "Expired", EXPIRED), Outcome(written={SHOP: GOOD}), "ready", id="refreshed"
        ),
        pytest.param(
            Write(SHOP, "Missing", None), Outcome(postponed=frozenset({SHOP})), "pending", id="next"
        ),
        pytest.param(
            Write(SHOP, "Stale", STALE),
            Outcome(postponed=frozenset({SHOP})),
            "ready",
            id="next-and-stale",
        ),
        pytest.param(
            Write(SHOP, "Expired", EXPIRED),
            Outcome(postponed=frozenset({SHOP})),
            "pending",
            id="next-and-expired",
        ),
        pytest.param(
            Write(SHOP, "Edited", a_pull_secret(data=None)),
            Outcome(postponed=frozenset({SHOP})),
            "pending",
            id="next-and-edited",
        ),
        pytest.param(Write(SHOP, "Missing", None), FAILED, "failed", id="not-created"),
        pytest.param(Write(SHOP, "Stale", STALE), FAILED, "ready", id="not-refreshed-and-good"),
        pytest.param(
            Write(SHOP, "Expired", EXPIRED), FAILED, "failed", id="not-refreshed-and-expired"
        ),
        pytest.param(Refuse(SHOP, "ForeignSecret", FOREIGN), Outcome(), "failed", id="foreign"),
        pytest.param(Starve(SHOP, None), Outcome(), "failed", id="starved"),
        pytest.param(Starve(SHOP, EXPIRED), Outcome(), "failed", id="starved-and-expired"),
    ],
)
def test_a_target_is_ready_failed_or_pending(action: Action, outcome: Outcome, state: str) -> None:
    """Ready means that pods can pull, whatever else is wrong; failed, that they cannot."""
    standing = stand([action], outcome, now=NOON)

    states = {
        "ready": standing.ready,
        "failed": standing.failed,
        "pending": standing.pending,
    }
    assert {name for name, targets in states.items() if targets} == {state}


def test_a_failed_write_is_told_of_although_pods_can_still_pull() -> None:
    """It has to be looked into before the pull secret expires."""
    assert stand([Write(SHOP, "Stale", STALE)], FAILED, now=NOON) == Standing(
        ready=frozenset({SHOP}),
        failed=frozenset(),
        pending=frozenset(),
        troubles=(TROUBLE,),
        stamps=frozenset({STALE.stamp}),
        worn=frozenset({STALE.stamp}),
    )


def test_a_deletion_is_no_target_but_its_failure_is_told_of() -> None:
    """What is no longer asked for counts neither as served nor as unserved."""
    old = a_pull_secret("shop", name="old")

    assert stand([Delete(SHOP, old)], FAILED, now=NOON) == Standing(
        ready=frozenset(),
        failed=frozenset(),
        pending=frozenset(),
        troubles=(TROUBLE,),
        stamps=frozenset(),
        worn=frozenset(),
    )


def test_what_was_written_is_what_stands() -> None:
    """The expiry told is the one of the new token."""
    standing = stand([Write(SHOP, "Stale", STALE)], Outcome(written={SHOP: GOOD}), now=NOON)

    assert standing.stamps == {GOOD.stamp}
    assert standing.troubles == ()


@pytest.mark.parametrize(
    ("refusal", "owner_uid", "message"),
    [
        pytest.param(
            "ForeignSecret",
            None,
            "Secret shop/ecr-login exists and is not managed by this object, so it is left alone; "
            "delete it or choose another spec.secretName",
            id="foreign",
        ),
        pytest.param(
            "OwnedByOther",
            OTHER_UID,
            "Secret shop/ecr-login belongs to AWSECRCredential shop-ecr; choose another "
            "spec.secretName or take the namespace out of one of the two",
            id="owned-by-other",
        ),
        pytest.param(
            "UnusableSecret",
            "7d1f0f8e-0000-4000-8000-000000000001",
            "Secret shop/ecr-login is immutable or of another type, neither of which can be "
            "changed; delete it and it is created anew",
            id="unusable",
        ),
    ],
)
def test_a_refusal_names_the_secret_and_the_remedy(
    refusal: Refusal, owner_uid: str | None, message: str
) -> None:
    """Whoever reads it knows which Secret is meant and what to do about it."""
    found = a_pull_secret(owner_uid=owner_uid)

    standing = stand([Refuse(SHOP, refusal, found)], Outcome(), now=NOON)

    assert standing.troubles == (Trouble(SHOP, refusal, message),)


def test_troubles_are_told_in_order() -> None:
    """The same world gives the same message, in whatever order it was looked at."""
    actions = [
        Refuse(ObjectKey(name, "ecr-login"), "ForeignSecret", a_pull_secret(name, owner_uid=None))
        for name in ("c", "a", "b")
    ]

    standing = stand(actions, Outcome(), now=NOON)

    assert [trouble.target.namespace for trouble in standing.troubles] == ["a", "b", "c"]


def test_what_has_expired_still_says_when() -> None:
    """An alert on the expiry must not fall silent at the moment it is needed."""
    standing = stand([Starve(SHOP, EXPIRED)], Outcome(), now=NOON)

    assert standing.stamps == frozenset()
    assert standing.worn == {EXPIRED.stamp}


def test_a_namespace_outside_of_the_scope_counts_as_failed_and_names_the_flag() -> None:
    """Whoever asks for it reads where to allow it."""
    standing = stand([Refuse(SHOP, "OutOfScope", None)], Outcome(), now=NOON)

    (trouble,) = standing.troubles
    assert standing.failed == {SHOP}
    assert trouble.reason == "OutOfScope"
    assert "--namespaces" in trouble.message
    assert "shop" in trouble.message
