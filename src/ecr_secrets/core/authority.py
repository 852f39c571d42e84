"""Certificate authorities of the webhook, as decisions see them: facts, no keys, no PEM."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from ecr_secrets.errors import ConfigurationError

# Announced: trusted by the API servers soon, signs from then on. Signing: signs. Retired: has
# signed, and stays trusted until what it signed has expired.
Role: TypeAlias = Literal["Announced", "Signing", "Retired"]

_NEARLY = 1 - 1e-6  # thirds are not exact
_RENEWAL = 2 / 3  # of a certificate's life; what is left is the time in which things may go wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """One entry of the record that all replicas share."""

    fingerprint: str  # SHA-256 of the certificate, in hexadecimal digits
    not_before: datetime
    not_after: datetime
    role: Role
    has_key: bool  # whether the record holds the key that belongs to it
    retire_at: datetime | None = None  # when trust in it ends, if Retired; None: with its life

    def can_sign(self, now: datetime) -> bool:
        """Tell whether what it signs now can be verified."""
        return self.has_key and self.not_before <= now < self.not_after

    def is_over(self, now: datetime) -> bool:
        """Tell whether nothing that it signed is alive any more."""
        return now >= self.trusted_until

    @property
    def trusted_until(self) -> datetime:
        """When trust in it ends, as things stand."""
        if self.role != "Retired" or self.retire_at is None:
            return self.not_after
        return min(self.retire_at, self.not_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The serving certificate that one replica holds in memory."""

    issuer: Authority
    not_before: datetime
    not_after: datetime

    def is_alive(self, now: datetime) -> bool:
        """Tell whether it can be served with: of a clock that was ahead, it may not be yet."""
        return self.not_before <= now < self.not_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long certificates live, and how long the old is kept beside the new."""

    authority: timedelta = timedelta(days=365)
    leaf: timedelta = timedelta(days=7)
    # What an API server may take to see a change of the webhook configuration. Also what the
    # clocks of two replicas may differ by.
    overlap: timedelta = timedelta(seconds=60)
    renewal: float = _RENEWAL  # the part of its life after which a certificate is replaced

    def __post_init__(self) -> None:
        """Check that a rotation fits into what is left of a life when its end is prepared for.

        Raises:
            ConfigurationError: it does not.
        """
        left = self.authority * (1 - self.renewal)
        if left < 2 * self.overlap * _NEARLY:
            raise ConfigurationError(
                f"the life of a certificate authority ({self.authority}) is too short for an "
                f"overlap of {self.overlap}: at least {2 * self.overlap / (1 - self.renewal)}"
            )
        # Should the record be lost, a serving certificate has to last until its successor's
        # authority is trusted.
        if self.leaf * (1 - self.renewal) < self.overlap * _NEARLY:
            raise ConfigurationError(
                f"the life of a serving certificate ({self.leaf}) is too short for an overlap of "
                f"{self.overlap}: at least {self.overlap / (1 - self.renewal)}"
            )
        if self.leaf > self.authority:
            raise ConfigurationError(
                f"a serving certificate ({self.leaf}) cannot outlive its authority "
                f"({self.authority})"
            )

    def renewal_of(self, certificate: Authority | Leaf) -> datetime:
        """Say from when on a certificate is to be replaced."""
        life = certificate.not_after - certificate.not_before
        return certificate.not_before + life * self.renewal
