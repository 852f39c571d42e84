"""What users are told: promise 10, conditions say what is."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
import pytest

from ecr_secrets.core.actions import Action, Keep, Refuse, Starve, Write
from ecr_secrets.core.conclude import Findings, conclude, conclude_invalid, conclude_unseen
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.standing import Outcome, stand
from ecr_secrets.core.status import (
    Condition,
    Failure,
    NamespaceCounts,
    RegistryStatus,
    Status,
    find_condition,
    parse_status,
)
from ecr_secrets.errors import (
    AccessDeniedError,
    AwsAccessNotFoundError,
    AwsUnavailableError,
    ForbiddenError,
    InvalidSpecError,
    OperatorError,
)
from tests.core.builders import (
    ACCOUNT,
    HOUR,
    IRELAND,
    LIFE,
    MINUTE,
    NOON,
    VIRGINIA,
    a_content,
    a_credential,
    a_pull_secret,
    a_token,
    an_original_secret,
    parsed,
    written,
)

HOST = f"{ACCOUNT}.dkr.ecr.{IRELAND}.amazonaws.com"
SHOP, BANK = ObjectKey("shop", "ecr-login"), ObjectKey("bank", "ecr-login")
BOTH = a_content(a_token(IRELAND), a_token(VIRGINIA))
AWS_AWAY = AwsUnavailableError("ECR in eu-west-1 does not answer within 20 s")
DENIED = AccessDeniedError("ecr:GetAuthorizationToken is not allowed; attach a policy with it")
NO_ACCESS = AwsAccessNotFoundError("spec.awsAccess: Secret default/aws-access does not exist")


def kept(namespace: str = "shop", found: PullSecret | None = None) -> Keep:
    """Keep what is in a namespace."""
    found = found or a_pull_secret(namespace)
    return Keep(found.key, found)


def refused(namespace: str) -> Refuse:
    """Find a foreign Secret in a namespace."""
    found = a_pull_secret(namespace, owner_uid=None)
    return Refuse(found.key, "ForeignSecret", found)


def concluded(
    actions: Iterable[Action],
    findings: Findings | None = None,
    *,
    outcome: Outcome | None = None,
    before: Status | None = None,
    now: datetime = NOON,
) -> Status:
    """Conclude on a credential for the namespaces of the actions and those that are missing."""
    actions = list(actions)
    findings = findings or Findings(secret_names=("ecr-login",))
    standing = stand(actions, outcome or Outcome(), now=now)
    namespaces = {action.target.namespace for action in actions} | set(findings.missing)
    return conclude(
        a_credential(*sorted(namespaces)), standing, findings, before=before or Status(), now=now
    )


def condition(status: Status, kind: str) -> Condition:
    """Find a condition that must be there."""
    found = find_condition(status.conditions, kind)
    assert found
    return found


def told(status: Status) -> tuple[str, str, str, str]:
    """Shorten both conditions to their status and reason."""
    ready, degraded = condition(status, "Ready"), condition(status, "Degraded")
    return ready.status, ready.reason, degraded.status, degraded.reason


def test_all_is_well() -> None:
    """Every namespace holds a pull secret that can pull, and nothing needs attention."""
    status = concluded([kept("shop"), kept("bank")])

    assert status == Status(
        observed_generation=1,
        conditions=(
            Condition(
                type="Ready",
                status="True",
                reason="PullSecretsReady",
                message="pull secret ecr-login is in place",
                observed_generation=1,
                last_transition_time="2026-11-24T12:00:00Z",
            ),
            Condition(
                type="Degraded",
                status="False",
                reason="AsExpected",
                message="nothing needs attention",
                observed_generation=1,
                last_transition_time="2026-11-24T12:00:00Z",
            ),
        ),
        ready_namespaces="2/2",
        namespaces=NamespaceCounts(desired=2, ready=2, failed=0, missing=0),
        expires_at="2026-11-25T00:00:00Z",
        refreshed_at="2026-11-24T12:00:00Z",
        registries=(RegistryStatus(host=HOST, region=IRELAND, expires_at="2026-11-25T00:00:00Z"),),
        regions=IRELAND,
        secret_names=("ecr-login",),
    )


EXPIRED = written("shop", a_content(a_token(issued_at=NOON - LIFE)))


@pytest.mark.parametrize(
    ("actions", "findings", "expected"),
    [
        pytest.param(
            [kept()], Findings(), ("True", "PullSecretsReady", "False", "AsExpected"), id="well"
        ),
        pytest.param(
            [kept()],
            Findings(problem=NO_ACCESS),
            ("True", "PullSecretsReady", "True", "AwsAccessNotFound"),
            id="no-access-and-good",
        ),
        pytest.param(
            [kept()],
            Findings(region_errors={IRELAND: AWS_AWAY}),
            ("True", "PullSecretsReady", "True", "AwsUnavailable"),
            id="aws-away-and-good",
        ),
        pytest.param(
            [Starve(SHOP, EXPIRED)],
            Findings(region_errors={IRELAND: AWS_AWAY}),
            ("False", "AwsUnavailable", "True", "AwsUnavailable"),
            id="aws-away-and-expired",
        ),
        pytest.param(
            [Starve(SHOP, None)],
            Findings(problem=NO_ACCESS),
            ("False", "AwsAccessNotFound", "True", "AwsAccessNotFound"),
            id="no-access-and-absent",
        ),
        pytest.param(
            [kept("bank"), Starve(SHOP, None)],
            Findings(problem=NO_ACCESS),
            ("False", "AwsAccessNotFound", "True", "AwsAccessNotFound"),
            id="no-access-and-some-absent",
        ),
        pytest.param(
            [],
            Findings(problem=NO_ACCESS, missing=("shop",)),
            ("False", "AwsAccessNotFound", "True", "AwsAccessNotFound"),
            id="no-access-and-no-namespace",
        ),
        pytest.param(
            [kept("bank")],
            Findings(problem=NO_ACCESS, missing=("shop",)),
            ("False", "NamespaceNotFound", "True", "AwsAccessNotFound"),
            id="no-access-and-a-missing-namespace",
        ),
        pytest.param(
            [kept("bank")],
            Findings(missing=("shop",)),
            ("False", "NamespaceNotFound", "False", "AsExpected"),
            id="a-missing-namespace",
        ),
        pytest.param(
            [kept("bank"), refused("shop")],
            Findings(),
            ("False", "ForeignSecret", "True", "ForeignSecret"),
            id="foreign",
        ),
        pytest.param(
            [refused("shop")],
            Findings(missing=("bank",)),
            ("False", "ForeignSecret", "True", "ForeignSecret"),
            id="foreign-over-missing",
        ),
        pytest.param(
            [refused("shop")],
            Findings(region_errors={IRELAND: AWS_AWAY}),
            ("False", "AwsUnavailable", "True", "AwsUnavailable"),
            id="aws-away-over-foreign",
        ),
        pytest.param(
            [Write(SHOP, "Missing", None)],
            Findings(),
            ("False", "Progressing", "False", "AsExpected"),
            id="in-progress",
        ),
        pytest.param(
            [Write(SHOP, "Missing", None)],
            Findings(missing=("bank",)),
            ("False", "NamespaceNotFound", "False", "AsExpected"),
            id="missing-over-in-progress",
        ),
        pytest.param(
            [kept(found=written("shop", BOTH))],
            Findings(region_errors={VIRGINIA: AWS_AWAY}),
            ("True", "PullSecretsReady", "True", "AwsUnavailable"),
            id="a-region-away-and-open",
        ),
        pytest.param(
            [kept()],
            Findings(region_errors={VIRGINIA: AWS_AWAY}),
            ("False", "AwsUnavailable", "True", "AwsUnavailable"),
            id="a-region-away-and-closed",
        ),
        pytest.param(
            [kept(found=written("shop", BOTH)), kept("bank")],
            Findings(region_errors={VIRGINIA: AWS_AWAY}),
            ("False", "AwsUnavailable", "True", "AwsUnavailable"),
            id="a-region-away-and-closed-somewhere",
        ),
        pytest.param(
            [kept()],
            Findings(region_errors={VIRGINIA: AWS_AWAY, IRELAND: DENIED}),
            ("False", "AccessDenied", "True", "AccessDenied"),
            id="the-first-region-by-name",
        ),
        pytest.param(
            [kept(found=EXPIRED)],
            Findings(),
            ("False", "Progressing", "False", "AsExpected"),
            id="expired-a-moment-ago",
        ),
        pytest.param(
            [Starve(SHOP, None)],
            Findings(),
            ("False", "Progressing", "False", "AsExpected"),
            id="starved-for-no-reason-given",
        ),
    ],
)
def test_conditions_tell_what_is(
    actions: list[Action], findings: Findings, expected: tuple[str, str, str, str]
) -> None:
    """`Ready` says whether pods can pull everywhere, `Degraded` whether to look into something."""
    assert told(concluded(actions, findings)) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(
            a_pull_secret(), ("True", "PullSecretsReady", "True", "Forbidden"), id="and-still-good"
        ),
        pytest.param(None, ("False", "Forbidden", "True", "Forbidden"), id="and-absent"),
    ],
)
def test_a_write_that_fails_is_told_of(
    found: PullSecret | None, expected: tuple[str, str, str, str]
) -> None:
    """With the reason of the API server, before the pull secret expires."""
    outcome = Outcome(failures={SHOP: ForbiddenError("shop/ecr-login: forbidden")})
    write = Write(SHOP, "Stale" if found else "Missing", found)

    status = concluded([write, kept("bank")], outcome=outcome)

    assert told(status) == expected
    assert status.failures == (
        Failure(namespace="shop", reason="Forbidden", message="shop/ecr-login: forbidden"),
    )


def test_targets_are_counted() -> None:
    """Each namespace asked for is in one of the counts, and those in progress in none."""
    status = concluded(
        [kept("a"), kept("b"), refused("c"), Write(ObjectKey("d", "ecr-login"), "Missing", None)],
        Findings(missing=("e", "f")),
    )

    assert status.namespaces == NamespaceCounts(desired=6, ready=2, failed=1, missing=2)
    assert status.ready_namespaces == "2/6"


@pytest.mark.parametrize(
    ("findings", "message"),
    [
        pytest.param(
            Findings(missing=("b",)),
            "namespaces that do not exist: b; each is served as soon as it does",
            id="one",
        ),
        pytest.param(
            Findings(missing=("d", "c", "b")),
            "namespaces that do not exist: b, c, d; each is served as soon as it does",
            id="three",
        ),
        pytest.param(
            Findings(missing=("e", "d", "c", "b")),
            "namespaces that do not exist: b, c, d and 1 more; each is served as soon as it does",
            id="four",
        ),
    ],
)
def test_missing_namespaces_are_named(findings: Findings, message: str) -> None:
    """A few by name, in order, the others counted."""
    assert condition(concluded([kept("a")], findings), "Ready").message == message


def test_several_troubles_are_told_as_one_and_a_count() -> None:
    """The first by name is told in full."""
    message = condition(concluded([refused("b"), refused("a")]), "Ready").message

    assert message.startswith("Secret a/ecr-login exists and is not managed by this object")
    assert message.endswith("; delete it or choose another spec.secretName (and 1 more)")


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        pytest.param(Findings(problem=NO_ACCESS), str(NO_ACCESS), id="no-access"),
        pytest.param(
            Findings(region_errors={IRELAND: AWS_AWAY}),
            f"region eu-west-1: {AWS_AWAY}",
            id="aws-away",
        ),
    ],
)
def test_a_refresh_that_fails_says_how_long_there_is_time(findings: Findings, said: str) -> None:
    """Whoever is woken by it sees at once whether it can wait until the morning."""
    expected = f"{said}; the pull secrets stay valid until 2026-11-25T00:00:00Z"

    for now in (NOON, NOON + MINUTE, NOON + 11 * HOUR):
        status = concluded([kept()], findings, now=now)
        assert condition(status, "Degraded").message == expected


def test_a_write_that_fails_says_how_long_there_is_time() -> None:
    """The API server may refuse a refresh as well as AWS."""
    write = Write(SHOP, "Stale", a_pull_secret())
    outcome = Outcome(failures={SHOP: ForbiddenError("secrets is forbidden")})

    status = concluded([write], outcome=outcome)

    assert condition(status, "Degraded").message == (
        "secrets is forbidden; the pull secrets stay valid until 2026-11-25T00:00:00Z"
    )


@pytest.mark.parametrize(
    ("actions", "findings"),
    [
        pytest.param([Starve(SHOP, EXPIRED)], Findings(problem=NO_ACCESS), id="expired"),
        pytest.param(
            [Starve(SHOP, None), kept("bank")], Findings(problem=NO_ACCESS), id="expired-somewhere"
        ),
        pytest.param([kept()], Findings(region_errors={VIRGINIA: AWS_AWAY}), id="region-closed"),
        pytest.param([kept("bank"), refused("shop")], Findings(), id="foreign-somewhere"),
        pytest.param([kept()], Findings(), id="nothing-wrong"),
    ],
)
def test_nothing_is_promised_where_pods_cannot_pull(
    actions: list[Action], findings: Findings
) -> None:
    """No false comfort: the span is given only while it holds for every pull secret."""
    status = concluded(actions, findings)

    for each in status.conditions:
        assert "stay valid" not in each.message


def test_the_span_survives_a_long_message() -> None:
    """AWS may be wordy; what is cut is its text."""
    status = concluded([kept()], Findings(problem=AccessDeniedError("x" * 5000)))

    message = condition(status, "Degraded").message
    assert len(message) == 1000
    assert message.endswith("xxx; the pull secrets stay valid until 2026-11-25T00:00:00Z")


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


def test_each_registry_is_told_once_with_its_earliest_expiry() -> None:
    """Half-way through a refresh the old token still counts."""
    old = written("bank", a_content(a_token(IRELAND, issued_at=NOON - 6 * HOUR)))

    status = concluded([kept("shop", written("shop", BOTH)), kept("bank", old)])

    assert status.registries == (
        RegistryStatus(host=HOST, region=IRELAND, expires_at="2026-11-24T18:00:00Z"),
        RegistryStatus(
            host=HOST.replace(IRELAND, VIRGINIA),
            region=VIRGINIA,
            expires_at="2026-11-25T00:00:00Z",
        ),
    )
    assert status.regions == "eu-west-1,us-east-1"
    assert status.expires_at == "2026-11-24T18:00:00Z"
    assert status.refreshed_at == "2026-11-24T06:00:00Z"


def test_what_a_secret_taken_over_opens_besides_is_not_told() -> None:
    """It is none of ours, and may be named anything."""
    found = parsed(an_original_secret(host="https://index.docker.io/v1/" + "x" * 300))

    status = concluded([kept(found=found)])

    assert (status.registries, status.regions) == ((), "")
    assert condition(status, "Ready").status == "True"


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
    "error", [AWS_AWAY, DENIED, NO_ACCESS, InvalidSpecError("spec.registries", "too many")]
)
def test_the_reason_is_the_one_of_the_error(error: OperatorError) -> None:
    """Condition, Event, log and metric say the same word."""
    status = concluded([Starve(SHOP, None)], Findings(problem=error))

    assert told(status) == ("False", error.reason, "True", error.reason)
    assert condition(status, "Ready").message == str(error)


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
