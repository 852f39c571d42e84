"""What is worth a Kubernetes Event."""

from itertools import product

import pytest

from ecr_secrets.core.actions import Action, Delete, Keep, Need, Refuse, Write
from ecr_secrets.core.conclude import Findings, conclude, conclude_invalid
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.occurrences import Occurrence, occurrences_of, turns
from ecr_secrets.core.standing import Outcome, stand
from ecr_secrets.core.status import Status
from ecr_secrets.errors import AwsThrottledError, AwsUnavailableError, InvalidSpecError
from tests.core.builders import HOUR, NOON, a_credential, a_pull_secret

SHOP = ObjectKey("shop", "ecr-login")
CREDENTIAL = a_credential("shop")
KEPT = Keep(SHOP, a_pull_secret())
AWAY = Findings(problem=AwsUnavailableError("AWS does not answer"))


def concluded(*actions: Action, findings: Findings | None = None) -> Status:
    """Conclude at noon."""
    standing = stand(actions, Outcome(), now=NOON)
    return conclude(CREDENTIAL, standing, findings or Findings(), before=Status(), now=NOON)


WELL = concluded(KEPT)
AWS_AWAY = concluded(KEPT, findings=AWAY)
EXPIRED = concluded(Write(SHOP, "Missing", None), findings=AWAY)
IN_PROGRESS = concluded(Write(SHOP, "Missing", None))
FOREIGN = concluded(Refuse(SHOP, "ForeignSecret", a_pull_secret(owner_uid=None)))
NAMESPACE_MISSING = concluded(findings=Findings(missing=("shop",)))

STAY_VALID = "AWS does not answer; the pull secrets stay valid until 2026-11-25T00:00:00Z"
READY = Occurrence("Normal", "PullSecretsReady", "pull secret ecr-login is in place")


def changes(*actions: Action, outcome: Outcome) -> list[tuple[str, str, str]]:
    """List what happened with all conditions as they were."""
    told = occurrences_of(actions, outcome, before=WELL, after=WELL)
    return [(each.type, each.reason, each.message) for each in told]


def test_nothing_is_told_when_nothing_happened() -> None:
    """A look at a world in order leaves no trace."""
    assert changes(KEPT, outcome=Outcome()) == []


@pytest.mark.parametrize(
    ("because", "reason", "what"),
    [
        pytest.param("Missing", "PullSecretCreated", "created where it was missing", id="missing"),
        pytest.param(
            "Edited", "PullSecretRestored", "restored where it had been edited", id="edited"
        ),
        pytest.param("TakenOver", "PullSecretTakenOver", "taken over in place", id="taken-over"),
        pytest.param(
            "Incomplete",
            "PullSecretRefreshed",
            "completed with a registry that it lacked",
            id="incomplete",
        ),
        pytest.param("Expired", "PullSecretRefreshed", "refreshed after its expiry", id="expired"),
        pytest.param(
            "SourceChanged",
            "PullSecretRefreshed",
            "refreshed for a new identity or registry",
            id="source-changed",
        ),
        pytest.param("Stale", "PullSecretRefreshed", "refreshed before its expiry", id="stale"),
        pytest.param(
            "Outdated",
            "PullSecretRefreshed",
            "brought to the same token as elsewhere",
            id="outdated",
        ),
    ],
)
def test_a_write_is_told_with_its_reason(because: Need, reason: str, what: str) -> None:
    """Whoever wonders why a Secret changed finds it on the object."""
    found = a_pull_secret()
    write = Write(SHOP, because, None if because == "Missing" else found)

    told = changes(write, outcome=Outcome(written={SHOP: found}))

    assert told == [("Normal", reason, f"pull secret {what}: shop/ecr-login")]


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(Outcome(postponed=frozenset({SHOP})), id="postponed"),
        pytest.param(Outcome(failures={SHOP: AwsUnavailableError("no")}), id="failed"),
    ],
)
def test_what_was_not_written_is_not_told_as_written(outcome: Outcome) -> None:
    """A plan is not a deed."""
    assert changes(Write(SHOP, "Missing", None), outcome=outcome) == []


def test_a_removal_is_told() -> None:
    """In order, and only what really went."""
    old = [a_pull_secret(name, name="old") for name in ("b", "a", "c")]
    actions = [Delete(secret.key, secret) for secret in old]
    outcome = Outcome(deleted=frozenset(secret.key for secret in old[:2]))

    assert changes(*actions, outcome=outcome) == [
        (
            "Normal",
            "PullSecretRemoved",
            "pull secret removed where it is no longer asked for: a/old, b/old",
        )
    ]


@pytest.mark.parametrize(
    ("count", "named"),
    [
        pytest.param(1, "n0/ecr-login", id="one"),
        pytest.param(3, "n0/ecr-login, n1/ecr-login, n2/ecr-login", id="three"),
        pytest.param(4, "n0/ecr-login, n1/ecr-login, n2/ecr-login and 1 more", id="four"),
    ],
)
def test_a_rollout_is_one_occurrence(count: int, named: str) -> None:
    """A few namespaces are named, the others counted."""
    found = {a_pull_secret(f"n{number}").key: a_pull_secret() for number in range(count)}
    writes = [Write(key, "Missing", None) for key in found]

    told = changes(*writes, outcome=Outcome(written=found))

    assert told == [
        ("Normal", "PullSecretCreated", f"pull secret created where it was missing: {named}")
    ]


def test_the_longest_message_fits_into_an_event() -> None:
    """Kubernetes refuses notes of more than 1,024 bytes."""
    found = a_pull_secret()
    keys = [ObjectKey(f"{number:05}".rjust(63, "n"), "s" * 253) for number in range(20_000)]
    needs: tuple[Need, ...] = ("SourceChanged", "Outdated", "Edited", "Incomplete")

    for because in needs:
        writes = [Write(key, because, found) for key in keys]
        outcome = Outcome(written=dict.fromkeys(keys, found), deleted=frozenset(keys))
        for _, _, message in changes(*writes, outcome=outcome):
            assert len(message.encode()) <= 1024


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(Status(), WELL, [READY], id="served-at-once"),
        pytest.param(
            Status(),
            IN_PROGRESS,
            [Occurrence("Normal", "Progressing", "pull secret ecr-login is being written")],
            id="begun",
        ),
        pytest.param(IN_PROGRESS, WELL, [READY], id="done"),
        pytest.param(
            WELL, AWS_AWAY, [Occurrence("Warning", "AwsUnavailable", STAY_VALID)], id="aws-away"
        ),
        pytest.param(AWS_AWAY, WELL, [], id="aws-back"),
        pytest.param(
            AWS_AWAY,
            EXPIRED,
            [Occurrence("Warning", "AwsUnavailable", "AWS does not answer")],
            id="expired-while-aws-is-away",
        ),
        pytest.param(EXPIRED, WELL, [READY], id="healed"),
        pytest.param(
            WELL,
            NAMESPACE_MISSING,
            [
                Occurrence(
                    "Warning",
                    "NamespaceNotFound",
                    "namespaces that do not exist: shop; each is served as soon as it does",
                )
            ],
            id="namespace-gone",
        ),
    ],
)
def test_a_condition_that_turns_is_told(
    before: Status, after: Status, expected: list[Occurrence]
) -> None:
    """Once, as a warning when somebody has to look into it; both conditions as one."""
    assert list(turns(before, after)) == expected


ALL = (WELL, AWS_AWAY, EXPIRED, IN_PROGRESS, FOREIGN, NAMESPACE_MISSING)


@pytest.mark.parametrize("status", ALL)
def test_a_condition_that_stays_is_not_told_again(status: Status) -> None:
    """Failing for hours is one Event, not one per retry."""
    assert turns(status, status) == ()


def test_a_message_that_changes_is_no_turn() -> None:
    """What counts is status and reason: an Event per wording would flood."""
    findings = Findings(problem=AwsUnavailableError("AWS answers 503"))

    assert turns(AWS_AWAY, concluded(KEPT, findings=findings)) == ()


def test_another_reason_is_a_turn() -> None:
    """It asks for another remedy."""
    throttled = concluded(KEPT, findings=Findings(problem=AwsThrottledError("slow down")))

    assert [each.reason for each in turns(AWS_AWAY, throttled)] == ["AwsThrottled"]


def test_nothing_is_told_twice_in_one_look() -> None:
    """Both conditions may turn for the same reason."""
    for before, after in product((Status(), *ALL), ALL):
        told = turns(before, after)
        assert len({(each.reason, each.message) for each in told}) == len(told)


def test_a_mistake_in_the_spec_is_told_once() -> None:
    """As a warning, with the path of the field."""
    error = InvalidSpecError("spec.secretName", "required, and missing")
    invalid = conclude_invalid(2, error, before=WELL, now=NOON)
    again = conclude_invalid(2, error, before=invalid, now=NOON + HOUR)

    assert turns(WELL, invalid) == (
        Occurrence("Warning", "InvalidSpec", "spec.secretName: required, and missing"),
    )
    assert turns(invalid, again) == ()
