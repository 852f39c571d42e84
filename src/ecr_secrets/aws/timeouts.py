"""How long AWS may take."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Bounds of one fetch. ECR answers in about 100 ms; AWS' own defaults are minutes."""

    connect: timedelta = timedelta(seconds=2)  # TCP, and again TLS
    read: timedelta = timedelta(seconds=5)  # without a byte
    total: timedelta = timedelta(seconds=20)  # all calls that a token takes, becoming a role too
