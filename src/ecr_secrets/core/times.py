"""Instants as they stand in annotations and in status: RFC 3339, UTC, whole seconds."""

from datetime import UTC, datetime


def format_time(instant: datetime) -> str:
    """Write an instant; parts of a second are dropped, so it never lies later than it was."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def parse_time(text: str | None) -> datetime | None:
    """Read an instant; None when it is missing or is not one."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):  # no instant, or one that UTC moves out of years 1 to 9999
        return None
