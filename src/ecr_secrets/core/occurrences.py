"""What is worth a Kubernetes Event: what we changed, and what turned good or bad."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from ecr_secrets.core.actions import Action, Need, Write
from ecr_secrets.core.conclude import DEGRADED, READY
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.standing import Outcome
from ecr_secrets.core.status import Condition, Status, find_condition

_SHOWN = 3  # namespaces named in one message; the rest is counted

_WRITTEN: Mapping[Need, tuple[str, str]] = {
    "Missing": ("PullSecretCreated", "created where it was missing"),
    "Edited": ("PullSecretRestored", "restored where it had been edited"),
    "TakenOver": ("PullSecretTakenOver", "taken over in place"),
    "Incomplete": ("PullSecretRefreshed", "completed with a registry that it lacked"),
    "Expired": ("PullSecretRefreshed", "refreshed after its expiry"),
    "SourceChanged": ("PullSecretRefreshed", "refreshed for a new identity or registry"),
    "Stale": ("PullSecretRefreshed", "refreshed before its expiry"),
    "Outdated": ("PullSecretRefreshed", "brought to the same token as elsewhere"),
}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An Event to record on a credential."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


def occurrences_of(
    actions: Iterable[Action], outcome: Outcome, *, before: Status, after: Status
) -> tuple[Occurrence, ...]:
    """List what happened in one reconcile; nothing, when nothing did."""
    return (*_changes(actions, outcome), *turns(before, after))


def turns(before: Status, after: Status) -> tuple[Occurrence, ...]:
    """Tell which conditions turned; a routine refresh turns none."""
    ready = find_condition(after.conditions, READY)
    degraded = find_condition(after.conditions, DEGRADED)
    told: list[Occurrence] = []
    if ready and _turned(ready, before):
        kind: Literal["Normal", "Warning"] = "Normal" if _benign(ready) else "Warning"
        told.append(Occurrence(kind, ready.reason, ready.message))
    if degraded and degraded.status == "True" and _turned(degraded, before):
        told.append(Occurrence("Warning", degraded.reason, degraded.message))
    return tuple(dict.fromkeys(told))  # both conditions may say the same


def _benign(ready: Condition) -> bool:
    return ready.status == "True" or ready.reason in {"Progressing", "WaitingForPod"}


def _turned(condition: Condition, before: Status) -> bool:
    old = find_condition(before.conditions, condition.type)
    return old is None or (old.status, old.reason) != (condition.status, condition.reason)


def _changes(actions: Iterable[Action], outcome: Outcome) -> Iterable[Occurrence]:
    places: dict[tuple[str, str], list[ObjectKey]] = defaultdict(list)
    for action in actions:
        if isinstance(action, Write) and action.target in outcome.written:
            places[_WRITTEN[action.because]].append(action.target)
    if outcome.deleted:
        places["PullSecretRemoved", "removed where it is no longer asked for"] = sorted(
            outcome.deleted
        )
    for (reason, what), targets in places.items():
        yield Occurrence("Normal", reason, f"pull secret {what}: {_name(targets)}")


def _name(targets: list[ObjectKey]) -> str:
    shown = ", ".join(str(target) for target in targets[:_SHOWN])
    more = len(targets) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
