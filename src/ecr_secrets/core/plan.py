"""Which Secret needs what: the policy of the operator.

`survey` looks at every target as if the best possible content were at hand. When it finds nothing
to write, no token is asked for; otherwise `settle` judges what the content at hand is good for.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from ecr_secrets.core.actions import (
    LONGEST_LIFE,
    Action,
    Delete,
    Keep,
    Need,
    Refuse,
    Write,
    is_credible,
    is_ending,
)
from ecr_secrets.core.credential import Credential
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret, Stamp
from ecr_secrets.core.times import format_time

# When the age of a token is a reason to write: from half of its life on, as timers do; at its end,
# for a pod that cannot rely on it any more; never.
Renewal: TypeAlias = Literal["early", "late", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the cluster shows of the world of one credential."""

    namespaces: Collection[str]  # those that exist and are not being deleted
    secrets: Mapping[ObjectKey, PullSecret]  # on a target, or owned by the credential
    outside: Collection[str] = ()  # asked for, where the operator is not to look


def survey(
    credential: Credential,
    observed: Observed,
    *,
    source: str | None,
    now: datetime,
    renewal: Renewal = "early",
) -> tuple[Action, ...]:
    """List one action per Secret concerned, as if the best possible content were at hand.

    Args:
        credential: what is asked for.
        observed: what there is.
        source: what tokens would be asked for with now; None: unknown, so not a reason to write.
        now: the present.
        renewal: when the age of a token is a reason to write.
    """
    wanted = [
        _look(credential, target, observed.secrets.get(target), source=source, now=now)
        for target in present_targets(credential, observed)
    ]
    outside = [Refuse(credential.target(name), "OutOfScope", None) for name in observed.outside]
    wanted = [_leave_to_age(action, renewal, now=now) for action in wanted]
    # A pull secret under an old name goes only once the one under the new name is in place.
    unserved = {action.target.namespace for action in wanted if not isinstance(action, Keep)}
    unwanted = [
        Delete(key, secret)
        for key, secret in leftovers(credential, observed).items()
        if key.namespace in observed.namespaces and key.namespace not in unserved
    ]
    return (*wanted, *outside, *unwanted)


def _leave_to_age(action: Action, renewal: Renewal, *, now: datetime) -> Action:
    """Keep what only its age speaks against, unless that is a reason."""
    if not isinstance(action, Write) or not action.found:
        return action
    if renewal == "early" or action.because not in {"Stale", "Expired"}:
        return action
    if renewal == "late" and is_ending(action.found, now=now):
        return action
    return Keep(action.target, action.found)


def leftovers(credential: Credential, observed: Observed) -> dict[ObjectKey, PullSecret]:
    """Find the pull secrets that are the credential's and no longer asked for."""
    found = {
        key: secret
        for key, secret in observed.secrets.items()
        if secret.owner_uid == credential.uid
        and (key.namespace not in credential.namespaces or key.name != credential.secret_name)
    }
    return dict(sorted(found.items()))


def present_targets(credential: Credential, observed: Observed) -> list[ObjectKey]:
    """List the targets that can be served: their namespaces exist."""
    return [
        credential.target(name)
        for name in sorted(credential.namespaces)
        if name in observed.namespaces and name not in observed.outside
    ]


def _look(
    credential: Credential,
    target: ObjectKey,
    found: PullSecret | None,
    *,
    source: str | None,
    now: datetime,
) -> Action:
    if found is None:
        return Write(target, "Missing", None)
    if found.owner_uid is None:
        return Refuse(target, "ForeignSecret", found)
    if found.owner_uid != credential.uid:
        return Refuse(target, "OwnedByOther", found)
    if not found.usable:
        return Refuse(target, "UnusableSecret", found)
    need = _need(found, source=source, now=now)
    if not need and not credential.regions <= found.stamp.regions:
        need = "Incomplete"  # no token could be had there
    return Write(target, need, found) if need else Keep(target, found)


def _need(found: PullSecret, *, source: str | None, now: datetime) -> Need | None:
    stamp = found.stamp
    if not stamp.stamped:
        return "TakenOver"  # by the original operator, or by hand with our owner reference
    if not is_credible(found) or not found.labelled:
        return "Edited"
    if stamp.expires_at is None or _claims_too_much(stamp, now=now):
        return "Edited"
    if stamp.expires_at <= now:
        return "Expired"
    if source not in {None, stamp.source}:
        return "SourceChanged"
    return "Stale" if stamp.refresh_after is None or stamp.refresh_after <= now else None


def _claims_too_much(stamp: Stamp, *, now: datetime) -> bool:
    """Tell whether a stamp says that some token lives longer than any token does."""
    longest = now + LONGEST_LIFE
    first_too_late = stamp.expires_at is not None and stamp.expires_at > longest
    return first_too_late or stamp.latest_expiry > format_time(longest)
