"""Whether a secret was refreshed before a pod was admitted is told by their resource versions."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.admission.expired import count_in_time
from ecr_secrets.core.content import EXPIRY
from ecr_secrets.core.objects import ObjectMeta
from ecr_secrets.core.times import format_time
from tests.bench.admission.builders import a_creation

_NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _a_secret(
    namespace: str = "shop", *, version: int = 10, left: timedelta = timedelta(hours=12)
) -> ObjectMeta:
    """Make a pull secret that lives so much longer."""
    return ObjectMeta(
        name="ecr-login",
        namespace=namespace,
        resource_version=str(version),
        annotations={EXPIRY: format_time(_NOW + left)},
    )


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        pytest.param(_a_secret(version=19), 1, id="written-just-before"),
        pytest.param(_a_secret(version=21), 0, id="written-just-after"),
        pytest.param(_a_secret(version=9), 1, id="compared-as-numbers"),
        pytest.param(_a_secret(left=timedelta(seconds=1)), 1, id="about-to-expire"),
        pytest.param(_a_secret(left=timedelta()), 0, id="still-expired"),
        pytest.param(_a_secret("club"), 0, id="elsewhere"),
    ],
)
def test_a_pod_is_in_time_behind_a_fresh_secret_of_its_namespace(
    secret: ObjectMeta, expected: int
) -> None:
    """A secret that is fresh a moment later is too late for the first pull."""
    assert count_in_time([a_creation(version=20)], [secret], now=_NOW) == expected


def test_every_pod_counts_for_itself() -> None:
    """Of many pods that came at once, some may have been too early."""
    created = [a_creation(version=version) for version in (9, 11, 12)]

    assert count_in_time(created, [_a_secret(version=10)], now=_NOW) == 2
