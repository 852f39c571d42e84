"""When the age of a token is a reason to replace it, and when what there is suffices."""

from datetime import datetime

import pytest

from ecr_secrets.core.actions import GRACE, Keep, Need, Write, suffices
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.plan import Renewal, survey
from ecr_secrets.core.pull_secret import PullSecret
from tests.core.builders import (
    HOUR,
    LIFE,
    NOON,
    SECOND,
    SOURCE,
    a_content,
    a_credential,
    a_pull_secret,
    a_token,
    a_world,
)

SHOP = ObjectKey("shop", "ecr-login")
STALE_AT = a_token().stale_at.replace(microsecond=0)
EXPIRES_AT = NOON + LIFE


@pytest.mark.parametrize(
    ("renewal", "now", "need"),
    [
        pytest.param("early", STALE_AT, "Stale", id="timers-from-half-of-its-life-on"),
        pytest.param("late", STALE_AT, None, id="a-pod-can-rely-on-it"),
        pytest.param("late", EXPIRES_AT - GRACE - SECOND, None, id="a-pod-just-can"),
        pytest.param("late", EXPIRES_AT - GRACE, "Stale", id="a-pod-just-cannot"),
        pytest.param("late", EXPIRES_AT, "Expired", id="a-pod-cannot"),
        pytest.param("never", EXPIRES_AT - GRACE, None, id="nobody-asks"),
        pytest.param("never", EXPIRES_AT, None, id="nobody-asks-though-expired"),
    ],
)
def test_age_is_a_reason_when_somebody_says_so(
    renewal: Renewal, now: datetime, need: Need | None
) -> None:
    """Under `OnPodAdmission` that is a pod, and only for what it cannot rely on."""
    found = a_pull_secret()
    credential = a_credential("shop")

    actions = survey(credential, a_world(found), source=SOURCE, now=now, renewal=renewal)

    assert actions == ((Write(SHOP, need, found) if need else Keep(SHOP, found)),)


@pytest.mark.parametrize("renewal", ["late", "never"])
def test_what_is_missing_or_wrong_is_written_whoever_asks(renewal: Renewal) -> None:
    """Only age can wait."""
    found = a_pull_secret(content=a_content(a_token(), source="another"))

    actions = survey(
        a_credential("bank", "shop"),
        a_world(found, namespaces=("bank", "shop")),
        source=SOURCE,
        now=NOON,
        renewal=renewal,
    )

    bank = ObjectKey("bank", "ecr-login")
    assert actions == (Write(bank, "Missing", None), Write(SHOP, "SourceChanged", found))


@pytest.mark.parametrize(
    ("found", "enough"),
    [
        pytest.param(None, False, id="nothing"),
        pytest.param(a_pull_secret(content=a_content(a_token(life=60 * SECOND))), True, id="short"),
        pytest.param(
            a_pull_secret(content=a_content(a_token(issued_at=NOON - LIFE / 2 - HOUR))),
            True,
            id="stale-with-hours-left",
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(issued_at=NOON - LIFE + GRACE))),
            False,
            id="within-the-grace",
        ),
        pytest.param(
            a_pull_secret(content=a_content(a_token(issued_at=NOON - LIFE))), False, id="expired"
        ),
    ],
)
def test_a_pull_secret_suffices_that_no_pod_needs_refreshed(
    found: PullSecret | None,
    enough: bool,
) -> None:
    """What a pod has asked for is done then; a fresh token may live for less than the grace."""
    assert suffices(found, now=NOON) is enough
