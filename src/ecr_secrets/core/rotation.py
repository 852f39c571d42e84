"""Rotates the webhook's certificate authority: says what to do next, from what can be seen.

    create -> announce -> wait -> (replicas switch) -> promote -> retire

Nothing is remembered but the record, so any replica continues where another stopped, and a step
done twice does no harm: each either changes what is seen, or is not asked for again.

What must stay true: the bundle in the cluster verifies every serving certificate in use. So a new
authority signs only after it has stood in the bundle for the overlap; an authority leaves the
record only when nothing it signed is alive; and it leaves the bundle only after having been out of
the record for the overlap, in which every replica that still serves with it objects.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from ecr_secrets.core.authority import Authority, Lifetimes
from ecr_secrets.core.rotation_view import Bundle, Observed

# More than a rotation needs, few enough for the bundle to stay small.
MAX_AUTHORITIES = 16
_ZERO = timedelta(0)
_NO_GAIN = timedelta(seconds=1)  # certificates know whole seconds

# Due: there is none to sign, or its life comes to an end. Trusted: every API server has had the
# time to learn of the next one. Over: nothing it signed is alive. Missed: this replica serves with
# it. Unusable: it cannot sign. Damaged: something in the record cannot be read.
Cause: TypeAlias = Literal["Due", "Trusted", "Over", "Missed", "Unusable", "Damaged"]


@dataclass(frozen=True, slots=True)
class Store:
    """Write the record: these authorities, and perhaps a new one, which is yet to be made."""

    record: tuple[Authority, ...]
    because: Cause
    create: bool = False  # whether to add a new authority, Announced


@dataclass(frozen=True, slots=True)
class Announce:
    """Have the webhook configuration trust these, and nothing else."""

    trusted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing before this instant, unless something else is seen."""

    until: datetime


Step: TypeAlias = Store | Announce | Wait


def next_step(observed: Observed, *, now: datetime, lifetimes: Lifetimes) -> Step:
    """Say what to do next: the first that applies, in the order of urgency."""
    store = (
        _mend(observed)
        or _object(observed, now, lifetimes)
        or _remove(observed, now)
        or _demote(observed, now, lifetimes)
        or _promote(observed, now, lifetimes)
        or _create(observed, now, lifetimes)
    )
    if store:
        return store
    if observed.bundle is not None:
        wanted = trusted_by(observed, observed.bundle, now=now, lifetimes=lifetimes)
        if wanted != observed.bundle.trusted.keys() or not observed.bundle.tidy:
            return Announce(wanted)
    return Wait(min(_instants(observed, now, lifetimes)))


def trusted_by(
    observed: Observed, bundle: Bundle, *, now: datetime, lifetimes: Lifetimes
) -> frozenset[str]:
    """Name the authorities that belong into the bundle.

    Those of the record, and for a while those in the bundle that the record knows nothing of:
    should the record have been lost or replaced, a replica that serves with one of them has the
    time to put it back.
    """
    lingering = {
        fingerprint
        for fingerprint, end in bundle.trusted.items()
        if now < end and bundle.astray.get(fingerprint, _ZERO) < lifetimes.overlap
    }
    return frozenset(authority.fingerprint for authority in observed.record) | lingering


def choose_issuer(observed: Observed, *, now: datetime, lifetimes: Lifetimes) -> Authority | None:
    """Name the authority that this replica should get a serving certificate from now.

    None: it keeps the one it has, or there is no authority that could sign.
    """
    signing, announced = observed.signing(now), observed.announced(now)
    living = observed.living_leaf(now)
    if living is None:
        return signing or announced
    former = living.issuer.fingerprint
    # An announced one is good to be served with as soon as it may be promoted. Before that would
    # be too early, after it perhaps too late: the record may be lost in the moment between.
    trusted = announced and observed.exposure(announced) >= lifetimes.overlap
    successor = announced if trusted else signing
    if successor and successor.fingerprint != former:
        return successor if observed.exposure(successor) >= lifetimes.overlap else None
    same = next((one for one in (signing, announced) if one and one.fingerprint == former), None)
    if same is None or now < lifetimes.renewal_of(living):
        return None
    gain = min(now + lifetimes.leaf, same.not_after) - living.not_after
    return same if gain > _NO_GAIN else None


def _mend(observed: Observed) -> Store | None:
    """Write what can be read of a damaged record, without the rest."""
    return Store(observed.record, "Damaged") if observed.damaged and observed.record else None


def _object(observed: Observed, now: datetime, lifetimes: Lifetimes) -> Store | None:
    """Put back the authority that this replica serves with, or keep it for longer."""
    leaf = observed.living_leaf(now)
    if leaf is None:
        return None
    known = _by_fingerprint(observed.record).get(leaf.issuer.fingerprint)
    if known and known.trusted_until >= min(leaf.not_after, known.not_after):
        return None
    kept = _retired(known or leaf.issuer, until=leaf.not_after + lifetimes.overlap)
    return Store(_replaced(observed.record, kept), "Missed")


def _remove(observed: Observed, now: datetime) -> Store | None:
    """Forget those of which no serving certificate is alive."""
    kept = tuple(authority for authority in observed.record if not authority.is_over(now))
    return Store(kept, "Over") if kept != observed.record else None


def _demote(observed: Observed, now: datetime, lifetimes: Lifetimes) -> Store | None:
    """Retire what cannot sign, and all but one of those that sign or are about to."""
    chosen = (observed.signing(now), observed.announced(now))
    unusable = [
        _retired(authority, until=_last_leaf(now, lifetimes))
        for authority in observed.record
        if authority.role != "Retired" and authority not in chosen
    ]
    return Store(_replaced(observed.record, *unusable), "Unusable") if unusable else None


def _promote(observed: Observed, now: datetime, lifetimes: Lifetimes) -> Store | None:
    """Let the announced authority sign, now that every API server trusts it."""
    announced = observed.announced(now)
    if announced is None or observed.exposure(announced) < lifetimes.overlap:
        return None
    changed = [replace(announced, role="Signing")]
    former = observed.signing(now)
    if former:
        changed.append(_retired(former, until=_last_leaf(now, lifetimes)))
    return Store(_replaced(observed.record, *changed), "Trusted")


def _create(observed: Observed, now: datetime, lifetimes: Lifetimes) -> Store | None:
    """Have a new authority made, if there is none to sign or its life comes to an end."""
    if observed.announced(now):
        return None
    signing = observed.signing(now)
    full = len(observed.record) >= MAX_AUTHORITIES
    if signing and (full or now < lifetimes.renewal_of(signing)):
        return None
    return Store(observed.record, "Due", create=True)


def _instants(observed: Observed, now: datetime, lifetimes: Lifetimes) -> Iterable[datetime]:
    """List when what can be seen changes its meaning; only what lies ahead."""
    signing, announced = observed.signing(now), observed.announced(now)
    certificates = (signing, observed.living_leaf(now))
    instants = [authority.trusted_until for authority in observed.record]
    instants += [lifetimes.renewal_of(one) for one in certificates if one]
    instants += [one.not_after for one in certificates if one]
    spans = [observed.exposure(one) for one in (signing, announced) if one]
    spans += observed.bundle.astray.values() if observed.bundle else ()
    instants += [now + lifetimes.overlap - span for span in spans]
    return (instant for instant in instants if instant > now)


def _last_leaf(now: datetime, lifetimes: Lifetimes) -> datetime:
    """Say when the last certificate of an authority that stops signing now has expired."""
    return now + lifetimes.leaf + lifetimes.overlap


def _retired(authority: Authority, *, until: datetime) -> Authority:
    return replace(authority, role="Retired", has_key=False, retire_at=until)


def _replaced(record: tuple[Authority, ...], *changed: Authority) -> tuple[Authority, ...]:
    merged = _by_fingerprint(record) | _by_fingerprint(changed)
    return tuple(merged.values())


def _by_fingerprint(record: Iterable[Authority]) -> dict[str, Authority]:
    return {authority.fingerprint: authority for authority in record}
