"""How each target stands once a plan has been carried out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ecr_secrets.core.actions import Action, Delete, Refuse, Starve, can_pull, is_credible
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret, Stamp
from ecr_secrets.errors import OperatorError

_EMPTY: Mapping[ObjectKey, OperatorError] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of carrying out a plan."""

    written: Mapping[ObjectKey, PullSecret] = field(default_factory=dict)
    deleted: frozenset[ObjectKey] = frozenset()
    failures: Mapping[ObjectKey, OperatorError] = field(default_factory=dict)
    postponed: frozenset[ObjectKey] = frozenset()  # to be taken up in the next pass


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a target is not as it should be."""

    target: ObjectKey
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All targets of a credential, sorted by how they are."""

    ready: frozenset[ObjectKey]  # pods can pull
    failed: frozenset[ObjectKey]  # pods cannot pull, and why is known
    pending: frozenset[ObjectKey]  # not written yet
    troubles: tuple[Trouble, ...]  # also of targets that are ready, ordered by target
    stamps: frozenset[Stamp]  # of what stands in the ready targets
    worn: frozenset[Stamp]  # of what stands in any target and is ours, expired or not


def stand(actions: Iterable[Action], outcome: Outcome, *, now: datetime) -> Standing:
    """Sort the targets of a plan by how they are after it."""
    ready: set[ObjectKey] = set()
    stamps: set[Stamp] = set()
    worn: set[Stamp] = set()
    troubles: dict[ObjectKey, Trouble] = {}
    targets: set[ObjectKey] = set()
    for action in actions:
        trouble = _trouble(action, outcome.failures)
        if trouble:
            troubles[action.target] = trouble
        if isinstance(action, Delete):
            continue
        targets.add(action.target)
        found = outcome.written.get(action.target, action.found)
        if found is None or isinstance(action, Refuse) or not is_credible(found):
            continue
        worn.add(found.stamp)
        if can_pull(found, now=now):
            ready.add(action.target)
            stamps.add(found.stamp)
    starved = {action.target for action in actions if isinstance(action, Starve)}
    unready = targets - ready
    failed = unready & (troubles.keys() | starved)
    return Standing(
        ready=frozenset(ready),
        failed=frozenset(failed),
        pending=frozenset(unready - failed),
        troubles=tuple(troubles[target] for target in sorted(troubles)),
        stamps=frozenset(stamps),
        worn=frozenset(worn),
    )


def _trouble(action: Action, failures: Mapping[ObjectKey, OperatorError]) -> Trouble | None:
    if isinstance(action, Refuse):
        return Trouble(action.target, action.because, _explain(action))
    error = failures.get(action.target)
    return Trouble(action.target, error.reason, str(error)) if error else None


def _explain(action: Refuse) -> str:
    where = f"Secret {action.target}"
    if action.because == "OutOfScope":
        return (
            f"namespace {action.target.namespace} is not among --namespaces, so it is not looked "
            "at; add it there (rbac.namespaces of the chart)"
        )
    if action.because == "OwnedByOther" and action.found:
        return (
            f"{where} belongs to AWSECRCredential {action.found.owner_name}; "
            "choose another spec.secretName or take the namespace out of one of the two"
        )
    if action.because == "UnusableSecret":
        return (
            f"{where} is immutable or of another type, neither of which can be changed; "
            "delete it and it is created anew"
        )
    return (
        f"{where} exists and is not managed by this object, so it is left alone; "
        "delete it or choose another spec.secretName"
    )
