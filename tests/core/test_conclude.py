"""What users are told: promise 10, conditions say what is."""

import pytest

from ecr_secrets.core.actions import Action, Starve, Write
from ecr_secrets.core.conclude import Findings
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.standing import Outcome
from ecr_secrets.core.status import Failure
from ecr_secrets.errors import ForbiddenError, InvalidSpecError, OperatorError
from tests.core.builders import IRELAND, VIRGINIA, a_pull_secret, written
from tests.core.conclusions import (
    AWS_AWAY,
    BOTH,
    DENIED,
    EXPIRED,
    NO_ACCESS,
    SHOP,
    concluded,
    condition,
    kept,
    refused,
    told,
)


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


@pytest.mark.parametrize(
    "error", [AWS_AWAY, DENIED, NO_ACCESS, InvalidSpecError("spec.registries", "too many")]
)
def test_the_reason_is_the_one_of_the_error(error: OperatorError) -> None:
    """Condition, Event, log and metric say the same word."""
    status = concluded([Starve(SHOP, None)], Findings(problem=error))

    assert told(status) == ("False", error.reason, "True", error.reason)
    assert condition(status, "Ready").message == str(error)
