"""What a plan asks for: one action per Secret concerned."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret

# ECR tokens live 12 hours; one that claims to live longer than that plus a generous clock skew
# was not written by us.
LONGEST_LIFE = timedelta(hours=13)

# A pod that is about to pull needs a pull secret with more than this to live.
GRACE = timedelta(minutes=10)

Need: TypeAlias = Literal[
    "Missing",
    "Edited",
    "Expired",
    "TakenOver",
    "Incomplete",
    "SourceChanged",
    "Stale",
    "Outdated",
]
Refusal: TypeAlias = Literal[
    "ForeignSecret",
    "OwnedByOther",
    "UnusableSecret",
    "OutOfScope",  # the operator is not to look there
]


@dataclass(frozen=True, slots=True)
class Write:
    """Put the content into the target."""

    target: ObjectKey
    because: Need
    found: PullSecret | None  # None: absent, as far as we know


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave the target alone: it is ours, and nothing better is at hand."""

    target: ObjectKey
    found: PullSecret


@dataclass(frozen=True, slots=True)
class Refuse:
    """Leave the target alone: the Secret there is not ours to write."""

    target: ObjectKey
    because: Refusal
    found: PullSecret | None  # None: there is none, or we have not looked


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a pull secret of ours that is no longer asked for."""

    target: ObjectKey
    found: PullSecret


@dataclass(frozen=True, slots=True)
class Starve:
    """Leave the target as it is, unable to pull: no token could be had."""

    target: ObjectKey
    found: PullSecret | None  # None: absent


Action: TypeAlias = Write | Keep | Refuse | Delete | Starve


def can_pull(found: PullSecret, *, now: datetime) -> bool:
    """Tell whether pods can pull with what is there, as far as it shows from outside."""
    expires_at = found.stamp.expires_at
    return is_credible(found) and expires_at is not None and now < expires_at <= now + LONGEST_LIFE


def is_credible(found: PullSecret) -> bool:
    """Tell whether what a Secret says of itself can be believed: what was edited says nothing."""
    stamp = found.stamp
    return found.usable and bool(stamp.registries) and (stamp.intact or not stamp.stamped)


def is_ending(found: PullSecret | None, *, now: datetime, grace: timedelta = GRACE) -> bool:
    """Tell whether a pod cannot rely on what is there; None: nothing is.

    Args:
        found: the pull secret.
        now: the present.
        grace: what it must have left to live; exactly that is too little.
    """
    if found is None:
        return True
    expires_at = found.stamp.expires_at
    return not can_pull(found, now=now) or expires_at is None or expires_at <= now + grace


def suffices(found: PullSecret | None, *, now: datetime) -> bool:
    """Tell whether no pod needs what is there refreshed: it is fresh, or far from its end.

    A token may live for less than the grace, and is fresh nevertheless.
    """
    fresh = found is not None and is_fresh(found, now=now)
    return fresh or not is_ending(found, now=now)


def is_fresh(found: PullSecret, *, now: datetime) -> bool:
    """Tell whether a pull secret can pull and is not due for a refresh."""
    refresh_after = found.stamp.refresh_after
    return can_pull(found, now=now) and refresh_after is not None and now < refresh_after
