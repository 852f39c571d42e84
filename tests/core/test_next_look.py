"""When to look again, with nothing having happened."""

from datetime import datetime, timedelta

import pytest

from ecr_secrets.core.actions import Keep
from ecr_secrets.core.conclude import next_look
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.standing import Outcome, Standing, stand
from tests.core.builders import (
    HOUR,
    LIFE,
    NOON,
    SECOND,
    a_content,
    a_pull_secret,
    a_token,
    an_original_secret,
    parsed,
    written,
)

TOKEN = a_token()
STALE_AT = TOKEN.stale_at.replace(microsecond=0)
EXPIRES_AT = NOON + LIFE
MICROSECOND = timedelta(microseconds=1)


def standing_with(*found: PullSecret, now: datetime = NOON) -> Standing:
    """Keep some pull secrets."""
    return stand([Keep(secret.key, secret) for secret in found], Outcome(), now=now)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(NOON, STALE_AT + SECOND, id="fresh"),
        pytest.param(STALE_AT, STALE_AT + SECOND, id="exactly-when-it-turns-stale"),
        pytest.param(STALE_AT + SECOND - MICROSECOND, STALE_AT + SECOND, id="just-before-the-look"),
        pytest.param(STALE_AT + SECOND, EXPIRES_AT + SECOND, id="exactly-at-the-look"),
        pytest.param(STALE_AT + 2 * SECOND, EXPIRES_AT + SECOND, id="after-a-refresh-that-failed"),
        pytest.param(EXPIRES_AT - MICROSECOND, EXPIRES_AT + SECOND, id="just-before-it-expires"),
    ],
)
def test_the_next_look_is_when_time_changes_something(now: datetime, expected: datetime) -> None:
    """Once when the token turns stale, and once when it expires: no polling in between.

    A second is added, since annotations hold whole seconds and tokens do not.
    """
    standing = standing_with(a_pull_secret(), now=now)

    assert next_look(standing, now=now) == expected


def test_at_the_next_look_the_token_is_stale() -> None:
    """Half a second too early would mean a look in vain."""
    found = next_look(standing_with(a_pull_secret()), now=NOON)

    assert found
    assert TOKEN.stale_at < found <= TOKEN.stale_at + SECOND


def test_the_first_of_all_pull_secrets_decides() -> None:
    """Half-way through a refresh the old token turns stale first."""
    old = a_token(issued_at=NOON - HOUR)
    secrets = (written("bank", a_content(old)), a_pull_secret("shop"))

    assert (
        next_look(standing_with(*secrets), now=NOON) == old.stale_at.replace(microsecond=0) + SECOND
    )


def test_without_pull_secrets_time_changes_nothing() -> None:
    """What is missing is waited for by watching, not by looking."""
    assert next_look(standing_with(), now=NOON) is None


@pytest.mark.parametrize(
    ("left", "wait"),
    [
        pytest.param(12 * HOUR, 6 * HOUR, id="half-a-day"),
        pytest.param(HOUR, HOUR / 2, id="an-hour"),
        pytest.param(2 * SECOND, SECOND, id="seconds"),
    ],
)
def test_a_secret_of_the_original_is_looked_at_before_it_expires(
    left: timedelta, wait: timedelta
) -> None:
    """It does not say when it turns stale; kept until its expiry, pods would meet it expired."""
    found = parsed(an_original_secret(expires_at=NOON + left))

    assert next_look(standing_with(found), now=NOON) == NOON + wait + SECOND
