"""How long to wait after a failure."""

from datetime import timedelta


def full_jitter(failures: int, *, floor: timedelta, cap: timedelta, fraction: float) -> timedelta:
    """Spread retries over a span that doubles with every failure in a row.

    Args:
        failures: how many have failed in a row, at least 1.
        floor: the shortest wait, and the span's first width.
        cap: the longest wait.
        fraction: a random number in [0, 1): where in the span the retry falls.
    """
    doublings = min(failures - 1, 32)  # 1 << 32 floors are beyond any cap
    span = min(cap, floor * (1 << doublings))
    return min(cap, floor + span * fraction)
