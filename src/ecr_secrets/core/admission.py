"""Pods about to start: which of the pull secrets they name have to be refreshed before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Literal

from ecr_secrets.core.actions import is_ending
from ecr_secrets.core.credential import Credential
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class PodAdmission:
    """The API server's question about a pod that is about to be created or changed."""

    uid: str  # of the question, not of the pod
    namespace: str  # of the question: a pod may leave its own out
    operation: Literal["CREATE", "UPDATE"]
    dry_run: bool  # nothing may be done for it
    pull_secrets: frozenset[str]  # names; those of its ServiceAccount are among them by now


def targets_of(admission: PodAdmission) -> frozenset[ObjectKey]:
    """List where the pull secrets lie that a pod names."""
    return frozenset(ObjectKey(admission.namespace, name) for name in admission.pull_secrets)


def targets_to_refresh(
    managed: Mapping[ObjectKey, Credential],
    found: Mapping[ObjectKey, PullSecret],
    *,
    now: datetime,
    grace: timedelta,
) -> dict[ObjectKey, Credential]:
    """Choose the targets whose credentials have to be refreshed before a pod pulls.

    A Secret there that is not the credential's own is left out: a refresh would not touch it.

    Args:
        managed: target -> the credential that manages it.
        found: target -> what the store shows there.
        now: the present.
        grace: what a pull secret must have left to live; exactly that is too little.

    Returns:
        The chosen part of `managed`, in the order of the targets.
    """
    return {
        target: credential
        for target, credential in sorted(managed.items(), key=itemgetter(0))
        if is_ours(found.get(target), credential)
        and is_ending(found.get(target), now=now, grace=grace)
    }


def lacking(
    managed: Mapping[ObjectKey, Credential], found: Mapping[ObjectKey, PullSecret]
) -> dict[str, frozenset[str]]:
    """Find the regions that pull secrets do not open, because no token could be had there.

    Nobody knows which one a pod pulls from. A refresh for it would bring nothing: whoever leads
    tries again as soon as AWS is worth another call.

    Returns:
        What is missing, by the name of the credential that asks for it.
    """
    missing = {
        credential.name: credential.regions - found[target].stamp.regions
        for target, credential in managed.items()
        if target in found and is_ours(found[target], credential)
    }
    return {name: regions for name, regions in missing.items() if regions}


def is_ours(found: PullSecret | None, credential: Credential) -> bool:
    """Tell whether a credential can do something about a target; None: nothing is there."""
    return found is None or (found.owner_name == credential.name and found.usable)
