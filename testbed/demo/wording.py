"""Numbers and lists as people read them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

_MINUTE = 60  # seconds
_HOUR = 3600


def say_span(span: timedelta) -> str:
    """Write a span, coarser the longer it is."""
    seconds = int(span.total_seconds())
    if seconds < 0:
        return f"-{say_span(-span)}"
    if seconds < 2 * _MINUTE:
        return f"{seconds} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE} min"
    return f"{seconds // _HOUR} h"


def say_expiry(expires_at: datetime | None, now: datetime) -> str:
    """Say when something expires, or that it has."""
    if expires_at is None:
        return "-"
    left = expires_at - now
    return f"in {say_span(left)}" if left > timedelta(0) else f"{say_span(-left)} ago"


def say_stopwatch(elapsed: timedelta) -> str:
    """Write the time since the start, as a stopwatch shows it."""
    minutes, seconds = divmod(int(elapsed.total_seconds()), _MINUTE)
    return f"{minutes}:{seconds:02}"


def say_list(names: Sequence[str]) -> str:
    """Write names with commas and an `and`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def say_count(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun."""
    noun = one if number == 1 else many or f"{one}s"
    return f"{number:,} {noun}"
