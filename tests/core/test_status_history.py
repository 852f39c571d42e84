"""What a status keeps of the one before it."""

import msgspec
import pytest

from ecr_secrets.core.actions import Action, Starve, Write
from ecr_secrets.core.conclude import Findings, conclude_invalid, conclude_unseen
from ecr_secrets.core.standing import Outcome
from ecr_secrets.core.status import Condition, Status, parse_status
from ecr_secrets.errors import ForbiddenError, InvalidSpecError
from tests.core.builders import (
    HOUR,
    IRELAND,
    MINUTE,
    NOON,
    VIRGINIA,
    a_content,
    a_pull_secret,
    a_token,
    written,
)
from tests.core.conclusions import (
    AWS_AWAY,
    BANK,
    BOTH,
    DENIED,
    NO_ACCESS,
    SHOP,
    concluded,
    condition,
    kept,
    refused,
    told,
)


@pytest.mark.parametrize(
    ("actions", "findings"),
    [
        pytest.param([kept("shop"), kept("bank")], Findings(), id="well"),
        pytest.param([kept()], Findings(region_errors={IRELAND: AWS_AWAY}), id="aws-away"),
        pytest.param([Starve(SHOP, None)], Findings(problem=NO_ACCESS), id="no-access"),
        pytest.param([refused("b"), refused("a")], Findings(missing=("c", "d")), id="foreign"),
        pytest.param([Write(SHOP, "Missing", None)], Findings(), id="in-progress"),
        pytest.param(
            [kept(found=written("shop", BOTH)), kept("bank", a_pull_secret("bank"))],
            Findings(region_errors={VIRGINIA: AWS_AWAY, IRELAND: DENIED}),
            id="two-stamps",
        ),
    ],
)
def test_when_nothing_changed_nothing_is_said_anew(
    actions: list[Action], findings: Findings
) -> None:
    """Promise 7: the next look gives the same status, so there is nothing to write."""
    before = concluded(actions, findings)
    stored = parse_status(msgspec.json.encode(before))

    after = concluded(reversed(actions), findings, before=stored, now=NOON + HOUR)

    assert stored == before
    assert after == before


def test_a_transition_is_dated_and_nothing_else_is() -> None:
    """`lastTransitionTime` is when the status turned, not when it was last looked at."""
    well = concluded([kept()])
    away = concluded([kept()], Findings(problem=NO_ACCESS), before=well, now=NOON + HOUR)
    still_away = concluded([kept()], Findings(problem=DENIED), before=away, now=NOON + 2 * HOUR)

    times = [
        [condition(status, kind).last_transition_time for kind in ("Ready", "Degraded")]
        for status in (well, away, still_away)
    ]
    assert times == [
        ["2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z"],
        ["2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"],
        ["2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"],
    ]


def test_ready_does_not_flap_on_a_routine_refresh() -> None:
    """Before, half-way and after: pods can pull all the time."""
    later = NOON + 7 * HOUR
    new = a_content(a_token(issued_at=later))
    old = [a_pull_secret("bank"), a_pull_secret("shop")]
    writes = [Write(secret.key, "Stale", secret) for secret in old]
    half_way = Outcome(written={BANK: written("bank", new)}, postponed=frozenset({SHOP}))
    done = Outcome(written={key: written(key.namespace, new) for key in (BANK, SHOP)})

    before = concluded([kept("bank"), kept("shop")])
    during = concluded(writes, outcome=half_way, before=before, now=later)
    after = concluded(writes, outcome=done, before=during, now=later + MINUTE)

    assert during.conditions == before.conditions
    assert after.conditions == before.conditions
    assert (before.expires_at, during.expires_at, after.expires_at) == (
        "2026-11-25T00:00:00Z",
        "2026-11-25T00:00:00Z",
        "2026-11-25T07:00:00Z",
    )


def test_a_spec_that_cannot_be_served_leaves_what_stood_before() -> None:
    """A typing error in the spec changes no pull secret, nor what is known of them."""
    before = concluded([kept()])
    error = InvalidSpecError("spec.namespaces", "required, and missing")

    after = conclude_invalid(2, error, before=before, now=NOON + HOUR)

    message = "spec.namespaces: required, and missing"
    assert after == msgspec.structs.replace(
        before,
        observed_generation=2,
        conditions=tuple(
            Condition(
                type=kind,
                status=status,  # type: ignore[arg-type] # one of the three
                reason="InvalidSpec",
                message=message,
                observed_generation=2,
                last_transition_time="2026-11-24T13:00:00Z",
            )
            for kind, status in (("Ready", "False"), ("Degraded", "True"))
        ),
    )
    assert conclude_invalid(2, error, before=after, now=NOON + 2 * HOUR) == after


@pytest.mark.parametrize(
    ("before", "ready"),
    [
        pytest.param(Status(), "Unknown", id="never-looked"),
        pytest.param(concluded([kept()]), "True", id="good-before"),
        pytest.param(concluded([refused("shop")]), "False", id="bad-before"),
    ],
)
def test_what_could_not_be_looked_at_is_what_it_was(before: Status, ready: str) -> None:
    """Not being allowed to look makes no pull secret better or worse; it needs attention."""
    error = ForbiddenError("namespaces is forbidden")

    after = conclude_unseen(1, error, before=before, now=NOON + HOUR)

    assert told(after) == (ready, "Forbidden", "True", "Forbidden")
    assert after.namespaces == before.namespaces
    assert conclude_unseen(1, error, before=after, now=NOON + 2 * HOUR) == after
