"""Instants in annotations and in status."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.core.times import format_time, parse_time
from tests.core.builders import HOUR, NOON, SECOND


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        pytest.param(NOON, "2026-11-24T12:00:00Z", id="whole"),
        pytest.param(
            NOON + SECOND - timedelta(microseconds=1), "2026-11-24T12:00:00Z", id="cut-not-rounded"
        ),
        pytest.param(
            NOON.astimezone(timezone(5 * HOUR)), "2026-11-24T12:00:00Z", id="of-another-zone"
        ),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z", id="first-year"),
    ],
)
def test_an_instant_is_written_as_rfc_3339(instant: datetime, text: str) -> None:
    """UTC, whole seconds, and never later than it was."""
    assert format_time(instant) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-11-24T12:00:00Z", NOON, id="utc"),
        pytest.param("2026-11-24T14:00:00+02:00", NOON, id="of-another-zone"),
        pytest.param("2026-11-24T12:00:00.5Z", NOON + SECOND / 2, id="half-a-second"),
        pytest.param(None, None, id="missing"),
        pytest.param("", None, id="empty"),
        pytest.param("tomorrow", None, id="a-word"),
        pytest.param("2026-11-24T12:00:00", None, id="no-zone"),
        pytest.param("2026-11-24", None, id="a-day"),
        pytest.param("2026-13-24T12:00:00Z", None, id="month-13"),
        pytest.param("0001-01-01T00:00:00+00:01", None, id="before-the-first-year"),
        pytest.param("9999-12-31T23:59:59-00:01", None, id="after-the-last-year"),
    ],
)
def test_what_is_no_instant_counts_as_missing(text: str | None, expected: datetime | None) -> None:
    """Anybody may have edited an annotation, so nothing in it stops the operator."""
    assert parse_time(text) == expected


@given(instant=st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_back(instant: datetime) -> None:
    """All but the parts of a second."""
    assert parse_time(format_time(instant)) == instant.replace(microsecond=0)


@given(text=st.text() | st.text("0123456789-:+TZ. ", max_size=30))
def test_any_text_is_an_instant_or_none(text: str) -> None:
    """No text is too strange."""
    found = parse_time(text)

    assert found is None or found.utcoffset() == timedelta(0)
