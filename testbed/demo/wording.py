"""Numbers and lists as people read them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from testbed.demo.sight import Pod

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


def say_pods(pods: Sequence[Pod]) -> str:
    """Say how long pods were held before they were admitted, and what came of their pulls."""
    if not pods:
        return "no pod was admitted"
    shortest, longest = (_milliseconds(end(pod.held for pod in pods)) for end in (min, max))
    if len(pods) == 1:
        outcome = "let in" if pods[0].pulls else f"refused with {pods[0].answer}"
        outcome += " late" if pods[0].late else ""
        return f"admitted in {longest:,} ms, {outcome}{_running(pods)}"
    pulling, late = sum(pod.pulls for pod in pods), sum(pod.late for pod in pods)
    outcome = f"{pulling} let in{f', {late} late' if late else ''}"
    return f"{len(pods)} admitted in {shortest:,} to {longest:,} ms, {outcome}{_running(pods)}"


def _running(pods: Sequence[Pod]) -> str:
    """Say when the last of those pods ran; nothing, where none does."""
    ran = [pod.ran for pod in pods if pod.ran is not None]
    if not ran:
        return ""
    words = "running" if len(pods) == 1 else f"{len(ran)} running"
    return f", {words} after {max(ran).total_seconds():.1f} s"


def _milliseconds(span: timedelta) -> int:
    return round(span / timedelta(milliseconds=1))


def say_list(names: Sequence[str]) -> str:
    """Write names with commas and an `and`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def say_count(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun."""
    noun = one if number == 1 else many or f"{one}s"
    return f"{number:,} {noun}"
