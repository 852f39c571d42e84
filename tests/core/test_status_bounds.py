"""However large a cluster, a status stays small, and within what its schema allows."""

import msgspec
import pytest

from ecr_secrets.core.actions import Keep, Refuse
from ecr_secrets.core.conclude import Findings, conclude, conclude_invalid
from ecr_secrets.core.content import EXPIRY, REGISTRIES
from ecr_secrets.core.credential import RegistryRequest
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.standing import Outcome, Standing, Trouble, stand
from ecr_secrets.core.status import MAX_FAILURES, MAX_SECRET_NAMES, Status, parse_status
from ecr_secrets.errors import AwsUnavailableError, ForbiddenError, InvalidSpecError
from tests.core.builders import (
    NOON,
    a_content,
    a_credential,
    a_forged_pull_secret,
    a_pull_secret,
    a_token,
)

NAMESPACES = [f"{'n' * 50}-{number:05}" for number in range(10_000)]
NAME = "s" * 253


def size(status: Status) -> int:
    """Encode a status, make sure that its schema allows it, and count the bytes."""
    encoded = msgspec.json.encode(status)
    assert parse_status(encoded) == status
    return len(encoded)


def nothing_ready(*troubles: Trouble) -> Standing:
    """Build a standing of nothing but troubles."""
    return Standing(
        ready=frozenset(),
        failed=frozenset(trouble.target for trouble in troubles),
        pending=frozenset(),
        troubles=troubles,
        stamps=frozenset(),
        worn=frozenset(),
    )


def test_ten_thousand_failures_are_told_as_fifty() -> None:
    """Every namespace fails for a reason as long as names and messages can be."""
    error = ForbiddenError("x" * 20_000)
    credential = a_credential(*NAMESPACES, secretName=NAME)
    targets = [credential.target(name) for name in NAMESPACES]
    found = a_pull_secret(owner_uid=None)
    actions = [Refuse(target, "ForeignSecret", found) for target in targets[:5000]]
    trouble = [Trouble(target, error.reason, str(error)) for target in targets[5000:]]
    refusals = stand(actions, Outcome(), now=NOON).troubles

    for troubles in (refusals, tuple(trouble)):
        status = conclude(
            credential, nothing_ready(*troubles), Findings(), before=Status(), now=NOON
        )
        assert len(status.failures) == MAX_FAILURES
        assert [failure.namespace for failure in status.failures] == first_of(troubles)
        assert size(status) < 100_000


def first_of(troubles: tuple[Trouble, ...]) -> list[str]:
    """Name the namespaces that are told."""
    return [trouble.target.namespace for trouble in troubles[:MAX_FAILURES]]


def test_ten_thousand_missing_namespaces_are_counted() -> None:
    """A few are named."""
    credential = a_credential(*NAMESPACES)
    findings = Findings(missing=frozenset(NAMESPACES))

    status = conclude(credential, nothing_ready(), findings, before=Status(), now=NOON)

    assert status.ready_namespaces == "0/10000"
    assert size(status) < 2_000


@pytest.mark.parametrize("error", [AwsUnavailableError("é" * 100_000), AwsUnavailableError("")])
def test_a_message_is_as_long_as_can_be_read(error: AwsUnavailableError) -> None:
    """A wordy error is cut, in characters and not in the middle of one."""
    credential = a_credential("shop")
    standing = nothing_ready()

    status = conclude(credential, standing, Findings(problem=error), before=Status(), now=NOON)
    invalid = conclude_invalid(1, InvalidSpecError("spec", str(error)), before=Status(), now=NOON)

    assert size(status) < 10_000
    assert size(invalid) < 10_000


def test_names_of_old_pull_secrets_are_bounded() -> None:
    """The one of today is always among them."""
    names = tuple(f"name-{number:03}" for number in range(200))

    status = conclude(
        a_credential("shop", secretName="z-of-today"),
        nothing_ready(),
        Findings(secret_names=(*names, "z-of-today")),
        before=Status(),
        now=NOON,
    )

    assert len(status.secret_names) == MAX_SECRET_NAMES
    assert "z-of-today" in status.secret_names
    assert size(status) < 5_000


LONGEST_REGION = "abcd-abcdefghijklmnop-abcdefghijklmnop-{:02}"


def test_names_of_regions_and_registries_are_bounded() -> None:
    """A forged list of registries must not make a status that the API server refuses."""
    regions = [LONGEST_REGION.format(number) for number in range(100)]
    hosts = [
        f"{number:012}.dkr.ecr.{regions[number % 100]}.amazonaws.com" for number in range(3000)
    ]
    expiry = a_content().annotations()[EXPIRY]
    found = a_forged_pull_secret(
        **{REGISTRIES: ",".join(f"{host}={expiry}" for host in [*hosts, "x" * 1000])}
    )
    standing = stand([Keep(found.key, found)], Outcome(), now=NOON)

    status = conclude(a_credential("shop"), standing, Findings(), before=Status(), now=NOON)

    assert len(status.registries) == 2000
    assert set(status.regions.split(",")) <= set(regions)
    assert size(status)


def test_as_many_registries_as_can_be_asked_for_are_told() -> None:
    """32 regions, each with 50 accounts, and their names in full."""
    request = [
        RegistryRequest(region=f"ap-southeast-{number}", account_ids=("111122223333",))
        for number in range(32)
    ]
    tokens = [a_token(each.region or "") for each in request]
    found = a_pull_secret("shop", a_content(*tokens))
    standing = stand([Keep(ObjectKey("shop", "ecr-login"), found)], Outcome(), now=NOON)

    status = conclude(a_credential("shop"), standing, Findings(), before=Status(), now=NOON)

    assert status.regions.split(",") == sorted(each.region or "" for each in request)
    assert len(status.registries) == 32
    assert size(status) < 10_000
