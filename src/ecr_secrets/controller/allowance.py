"""How much may be begun per second on average."""


class Allowance:
    """A token bucket: what is not used adds up, to a bound.

    Touched only between awaits; the caller reads the clock.
    """

    def __init__(self, *, per_second: float, burst: float) -> None:
        """Start with a full bucket.

        Args:
            per_second: what comes in per second; 0: there is no limit.
            burst: the most that adds up.
        """
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._counted_at: float | None = None  # monotonic seconds; None: not yet

    def take(self, now: float) -> float:
        """Take one, or return how many seconds it is until there is one; 0: taken."""
        if not self._per_second:
            return 0.0
        passed = now - self._counted_at if self._counted_at is not None else 0.0
        self._counted_at = now
        self._left = min(self._burst, self._left + passed * self._per_second)
        if self._left < 1:
            return (1 - self._left) / self._per_second
        self._left -= 1
        return 0.0
