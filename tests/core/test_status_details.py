"""What a status says in detail: which namespaces, which registries, how many, how long."""

import pytest

from ecr_secrets.core.actions import Action, Starve, Write
from ecr_secrets.core.conclude import Findings
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.standing import Outcome
from ecr_secrets.core.status import Condition, NamespaceCounts, RegistryStatus, Status
from ecr_secrets.errors import AccessDeniedError, ForbiddenError
from tests.core.builders import (
    ACCOUNT,
    HOUR,
    IRELAND,
    MINUTE,
    NOON,
    VIRGINIA,
    a_content,
    a_pull_secret,
    a_token,
    an_original_secret,
    parsed,
    written,
)
from tests.core.conclusions import (
    AWS_AWAY,
    BOTH,
    EXPIRED,
    NO_ACCESS,
    SHOP,
    concluded,
    condition,
    kept,
    refused,
)

HOST = f"{ACCOUNT}.dkr.ecr.{IRELAND}.amazonaws.com"


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
