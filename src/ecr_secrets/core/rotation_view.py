"""What one replica sees of the webhook's certificates, before it decides anything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ecr_secrets.core.authority import Authority, Leaf, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The CA bundle that the API servers are told to trust, as one replica has seen it.

    Only authorities of ours count, recognised by their name; spans are by a clock without jumps.
    """

    trusted: Mapping[str, datetime]  # fingerprint -> end of life
    tidy: bool = True  # False: there is something else in it, or it is not written as we do
    # For how long one that is in it has not been in the record.
    astray: Mapping[str, timedelta] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """All that the next step depends on."""

    record: tuple[Authority, ...]  # what of it can be read; empty also when it is missing
    damaged: bool = False  # whether there is something in the record that cannot be read
    bundle: Bundle | None = None  # None: there is no webhook configuration
    # For how long each authority has been, without a break, in what API servers are told to trust:
    # the bundle; without a configuration, the record, from which the next one will be made.
    held: Mapping[str, timedelta] = field(default_factory=dict)
    leaf: Leaf | None = None  # None: this replica has none yet

    def signing(self, now: datetime) -> Authority | None:
        """Find the authority that signs; None: there is none that could."""
        return _newest(self.record, "Signing", now)

    def announced(self, now: datetime) -> Authority | None:
        """Find the authority that is to sign next; None: there is none that could."""
        return _newest(self.record, "Announced", now)

    def living_leaf(self, now: datetime) -> Leaf | None:
        """Return the serving certificate if it can be served with now."""
        return self.leaf if self.leaf and self.leaf.is_alive(now) else None

    def exposure(self, authority: Authority) -> timedelta:
        """Say for how long the API servers have had the time to learn to trust an authority."""
        return self.held.get(authority.fingerprint, timedelta(0))


def _newest(record: Iterable[Authority], role: Role, now: datetime) -> Authority | None:
    able = [authority for authority in record if authority.role == role and authority.can_sign(now)]
    return max(able, key=lambda found: (found.not_after, found.fingerprint), default=None)
