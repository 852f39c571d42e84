"""What to tell the user after a reconcile, and when to look again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from ecr_secrets.core.credential import Credential
from ecr_secrets.core.pull_secret import Stamp
from ecr_secrets.core.registry_list import list_registries, name_regions
from ecr_secrets.core.standing import Standing, Trouble
from ecr_secrets.core.status import (
    MAX_FAILURES,
    MAX_SECRET_NAMES,
    Condition,
    ConditionStatus,
    Failure,
    NamespaceCounts,
    Status,
    carry_over,
    find_condition,
)
from ecr_secrets.core.times import format_time
from ecr_secrets.errors import OperatorError

READY = "Ready"
DEGRADED = "Degraded"
_ROUNDED_OFF = timedelta(seconds=1)  # annotations hold whole seconds, tokens do not
MAX_MESSAGE = 1000  # characters; far below the schema's bound, for the eye


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a reconcile learned besides how the targets stand."""

    missing: Collection[str] = ()  # namespaces asked for that do not exist
    problem: OperatorError | None = None  # no token could be asked for at all
    region_errors: Mapping[str, OperatorError] = field(default_factory=dict)
    secret_names: tuple[str, ...] = ()  # where pull secrets of ours may stand from now on


@dataclass(frozen=True, slots=True)
class _Verdict:
    """Reason and message of a condition."""

    reason: str
    message: str


def conclude(
    credential: Credential,
    standing: Standing,
    findings: Findings,
    *,
    before: Status,
    now: datetime,
) -> Status:
    """Build the status that is true now.

    `Ready` says whether every namespace asked for holds a pull secret that can pull, `Degraded`
    whether something needs attention although it may still work. When nothing changed the status
    equals the one before, times of transition included.
    """
    fault = _fault(standing, findings)
    unready = _unready(credential, standing, findings, fault=fault)
    ready = _condition(
        READY,
        "False" if unready else "True",
        unready
        or _Verdict("PullSecretsReady", f"pull secret {credential.secret_name} is in place"),
        generation=credential.generation,
    )
    degraded = _condition(
        DEGRADED,
        "True" if fault else "False",
        _reassuring(fault, standing, findings) or _Verdict("AsExpected", "nothing needs attention"),
        generation=credential.generation,
    )
    registries = list_registries(standing.worn)
    return Status(
        observed_generation=credential.generation,
        conditions=_dated((ready, degraded), before, now=now),
        ready_namespaces=f"{len(standing.ready)}/{len(credential.namespaces)}",
        namespaces=NamespaceCounts(
            desired=len(credential.namespaces),
            ready=len(standing.ready),
            failed=len(standing.failed),
            missing=len(findings.missing),
        ),
        expires_at=_earliest(stamp.expires_at for stamp in standing.worn),
        refreshed_at=_earliest(stamp.refreshed_at for stamp in standing.worn),
        registries=registries,
        regions=name_regions(registries),
        failures=tuple(_failure(trouble) for trouble in standing.troubles[:MAX_FAILURES]),
        secret_names=_names(credential, findings),
    )


def conclude_invalid(
    generation: int, error: OperatorError, *, before: Status, now: datetime
) -> Status:
    """Say what is wrong with a spec that cannot be served at all; what stood before still does."""
    return _conclude_without_look("False", generation, error, before=before, now=now)


def conclude_unseen(
    generation: int, error: OperatorError, *, before: Status, now: datetime
) -> Status:
    """Say what kept us from looking; whether pods can pull is what was known before."""
    known = find_condition(before.conditions, READY)
    ready = known.status if known else "Unknown"
    return _conclude_without_look(ready, generation, error, before=before, now=now)


def _conclude_without_look(
    ready: ConditionStatus, generation: int, error: OperatorError, *, before: Status, now: datetime
) -> Status:
    verdict = _Verdict(error.reason, str(error))
    conditions = (
        _condition(READY, ready, verdict, generation=generation),
        _condition(DEGRADED, "True", verdict, generation=generation),
    )
    return msgspec.structs.replace(
        before,
        observed_generation=generation,
        conditions=_dated(conditions, before, now=now),
    )


def next_look(standing: Standing, *, now: datetime) -> datetime | None:
    """Tell when time alone changes something: a token turns stale or expires; None: never."""
    instants = {
        instant + _ROUNDED_OFF
        for stamp in standing.stamps
        for instant in (stamp.refresh_after or _half_way(stamp, now=now), stamp.expires_at)
        if instant is not None and instant + _ROUNDED_OFF > now
    }
    return min(instants, default=None)


def _half_way(stamp: Stamp, *, now: datetime) -> datetime | None:
    """Look after half of what is left at a token that does not say when it turns stale."""
    return now + (stamp.expires_at - now) / 2 if stamp.expires_at else None


def _fault(standing: Standing, findings: Findings) -> _Verdict | None:
    """Name what needs attention, the widest trouble first."""
    if findings.problem:
        return _Verdict(findings.problem.reason, str(findings.problem))
    for region, error in sorted(findings.region_errors.items()):
        return _Verdict(error.reason, f"region {region}: {error}")
    if standing.troubles:
        return _Verdict(standing.troubles[0].reason, _summary(standing.troubles))
    return None


def _reassuring(fault: _Verdict | None, standing: Standing, findings: Findings) -> _Verdict | None:
    """Add until when pods can pull everywhere, although a refresh fails."""
    expires_at = _earliest(stamp.expires_at for stamp in standing.stamps)
    if not fault or not expires_at or standing.failed or _closed(standing, findings):
        return fault
    ending = f"; the pull secrets stay valid until {expires_at}"
    return _Verdict(fault.reason, fault.message[: MAX_MESSAGE - len(ending)] + ending)


def _summary(troubles: tuple[Trouble, ...]) -> str:
    more = f" (and {len(troubles) - 1} more)" if len(troubles) > 1 else ""
    return troubles[0].message + more


def _unready(
    credential: Credential, standing: Standing, findings: Findings, *, fault: _Verdict | None
) -> _Verdict | None:
    """Say why not every namespace can pull; None: all of them can."""
    closed = _closed(standing, findings)
    if fault and (standing.failed or closed or (findings.problem and not standing.ready)):
        return fault
    if findings.missing:
        names = sorted(findings.missing)
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return _Verdict(
            "NamespaceNotFound",
            f"namespaces that do not exist: {', '.join(names[:3])}{more}; "
            "each is served as soon as it does",
        )
    expired = standing.pending and standing.worn > standing.stamps and not standing.failed
    if expired and not credential.timed:
        return _Verdict(
            "WaitingForPod",
            f"the token in pull secret {credential.secret_name} has expired; the next pod that "
            "names it has it refreshed",
        )
    if standing.pending or standing.failed:
        return _Verdict("Progressing", f"pull secret {credential.secret_name} is being written")
    return None


def _closed(standing: Standing, findings: Findings) -> set[str]:
    """List the regions without a token that some target does not open."""
    each = [stamp.regions for stamp in standing.stamps]
    opened = frozenset.intersection(*each) if each else frozenset()
    return set(findings.region_errors) - opened


def _condition(
    kind: str, status: ConditionStatus, verdict: _Verdict, *, generation: int
) -> Condition:
    return Condition(
        type=kind,
        status=status,
        reason=verdict.reason,
        message=verdict.message[:MAX_MESSAGE],
        observed_generation=generation,
        last_transition_time="",
    )


def _dated(
    conditions: tuple[Condition, ...], before: Status, *, now: datetime
) -> tuple[Condition, ...]:
    stamped = (
        msgspec.structs.replace(condition, last_transition_time=format_time(now))
        for condition in conditions
    )
    return tuple(carry_over(condition, before.conditions) for condition in stamped)


def _failure(trouble: Trouble) -> Failure:
    return Failure(
        namespace=trouble.target.namespace,
        reason=trouble.reason,
        message=trouble.message[:MAX_MESSAGE],
    )


def _names(credential: Credential, findings: Findings) -> tuple[str, ...]:
    """List the names of pull secrets, as many as fit; the one of today is always among them."""
    others = sorted(set(findings.secret_names) - {credential.secret_name})
    return tuple(sorted([credential.secret_name, *others[: MAX_SECRET_NAMES - 1]]))


def _earliest(instants: Iterable[datetime | None]) -> str | None:
    known = [instant for instant in instants if instant is not None]
    return format_time(min(known)) if known else None
