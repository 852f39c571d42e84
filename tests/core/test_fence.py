"""The order of tokens, as the admission policy reads it and as the operator sees it coming."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.actions import Need, Write
from ecr_secrets.core.content import (
    DIGEST,
    OVERRULES,
    REGISTRIES,
    Content,
    RegistryExpiry,
    format_registries,
    render_pull_secret,
)
from ecr_secrets.core.fence import MAX_ENTRIES, latest_expiry
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.settle import overruled
from ecr_secrets.core.times import format_time
from tests.core.builders import (
    HOUR,
    IRELAND,
    NOON,
    SECOND,
    VIRGINIA,
    a_content,
    a_credential,
    a_pull_secret,
    a_secret,
    a_token,
    parsed,
)

SHOP = ObjectKey("shop", "ecr-login")
CONTENT = a_content()


@pytest.mark.parametrize(
    ("registries", "latest"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("a", "", id="no-expiry"),
        pytest.param("a=2026-11-25T00:00:00Z", "2026-11-25T00:00:00Z", id="one"),
        pytest.param(
            "a=2026-11-25T00:00:00Z,b=2026-11-25T00:00:01Z", "2026-11-25T00:00:01Z", id="last-later"
        ),
        pytest.param(
            "a=2026-11-25T00:00:01Z,b=2026-11-25T00:00:00Z",
            "2026-11-25T00:00:01Z",
            id="first-later",
        ),
        pytest.param(
            "a=tomorrow,b=2026-11-25T00:00:00Z", "2026-11-25T00:00:00Z", id="nonsense-left-out"
        ),
        pytest.param("a=2026-11-25T00:00:00+00:00", "", id="another-form"),
        pytest.param("a=2999-99-99T99:99:99Z", "2999-99-99T99:99:99Z", id="compared-as-text"),
        pytest.param(
            "x," * (MAX_ENTRIES - 1) + "a=2026-11-25T00:00:00Z",
            "2026-11-25T00:00:00Z",
            id="as-many-entries-as-count",
        ),
        pytest.param("x," * MAX_ENTRIES + "a=2026-11-25T00:00:00Z", "", id="one-more"),
    ],
)
def test_the_last_expiry_is_read(registries: str, latest: str) -> None:
    """Of what was written by us, whatever stands beside it."""
    assert latest_expiry(registries) == latest


@given(
    st.dictionaries(
        st.from_regex(r"[a-z0-9.-]{1,20}", fullmatch=True),
        st.timedeltas(timedelta(0), 20 * HOUR).map(lambda life: NOON + life),
        min_size=1,
    )
)
def test_what_we_write_is_read_back(expiries: dict[str, datetime]) -> None:
    """Texts are in order when instants are."""
    entries = [RegistryExpiry(host, expiry) for host, expiry in expiries.items()]

    latest = latest_expiry(format_registries(entries))

    assert latest == format_time(max(entry.expires_at for entry in entries))


def _found(issued_at: timedelta, **differs: str) -> PullSecret:
    content = a_content(a_token(issued_at=NOON + issued_at), **differs)
    return parsed(a_secret("shop", content))


BOTH = [a_token(region, issued_at=NOON - 3 * HOUR) for region in (IRELAND, VIRGINIA)]
HALF = a_content(a_token(issued_at=NOON - 12 * HOUR), a_token(VIRGINIA, issued_at=NOON - HOUR))


@pytest.mark.parametrize(
    ("found", "because", "content", "expected"),
    [
        pytest.param(None, "Missing", CONTENT, None, id="nothing-there"),
        pytest.param(_found(SECOND), "Edited", CONTENT, "7", id="edited-and-a-second-later"),
        pytest.param(_found(0 * SECOND), "Edited", CONTENT, None, id="edited-and-the-same"),
        pytest.param(_found(-SECOND), "Edited", CONTENT, None, id="edited-and-a-second-earlier"),
        pytest.param(_found(SECOND), "Stale", CONTENT, None, id="stale-and-later"),
        pytest.param(_found(SECOND), "Incomplete", CONTENT, None, id="incomplete-and-later"),
        pytest.param(_found(SECOND), "Outdated", CONTENT, None, id="outdated-and-later"),
        pytest.param(_found(SECOND), "SourceChanged", CONTENT, None, id="source-changed"),
        pytest.param(_found(SECOND, source="old"), "Edited", CONTENT, None, id="of-another-source"),
        pytest.param(
            a_pull_secret(annotations={DIGEST: None, REGISTRIES: "a=2999-01-01T00:00:00Z"}),
            "TakenOver",
            CONTENT,
            None,
            id="not-ours-so-not-fenced",
        ),
        pytest.param(
            a_pull_secret(annotations={REGISTRIES: "a=2999-99-99T99:99:99Z"}),
            "Edited",
            CONTENT,
            "7",
            id="nonsense-that-the-policy-takes-for-later",
        ),
        pytest.param(
            parsed(a_secret("shop", HALF)), "Expired", a_content(*BOTH), "7", id="half-expired"
        ),
    ],
)
def test_only_what_is_worth_nothing_is_overruled(
    found: PullSecret | None, because: Need, content: Content, expected: str | None
) -> None:
    """And only where the policy would refuse: an ordinary write carries nothing besides."""
    assert overruled(Write(SHOP, because, found), content) == expected


def test_what_is_overruled_stands_beside_the_rest() -> None:
    """Neither content nor digest depend on it, so it is no reason to write again."""
    manifest = render_pull_secret(SHOP, CONTENT, a_credential("shop"), guard={}, overruled="7")

    assert manifest["metadata"]["annotations"] == CONTENT.annotations() | {OVERRULES: "7"}
    assert manifest["data"] == CONTENT.data()
    assert (
        parsed(a_secret("shop", CONTENT)).stamp == a_pull_secret(annotations={OVERRULES: "7"}).stamp
    )
