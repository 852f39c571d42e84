"""What the content at hand is good for: promise 1, the last good pull secret wins."""

from collections.abc import Collection, Iterable
from datetime import datetime

from ecr_secrets.core.actions import (
    LONGEST_LIFE,
    Action,
    Keep,
    Need,
    Starve,
    Write,
    can_pull,
    is_credible,
)
from ecr_secrets.core.content import REGISTRIES, Content, RegistryExpiry
from ecr_secrets.core.fence import latest_expiry
from ecr_secrets.core.hosts import region_of
from ecr_secrets.core.pull_secret import PullSecret

# Needs that show what stands to be worth nothing, whatever it says of itself: it is not what was
# written, or a registry is closed already.
_WORTHLESS: tuple[Need, ...] = ("Edited", "Expired")


def settle(
    actions: Iterable[Action],
    content: Content | None,
    *,
    without: Collection[str] = (),
    now: datetime,
) -> tuple[Action, ...]:
    """Decide what the content at hand is good for, target by target.

    A target that already holds it is kept, and so is one that holds something better: a pull
    secret that can pull is never replaced by one that expires earlier, nor one that still opens a
    registry by one that lacks it.

    Args:
        content: None: no token could be had.
        without: regions asked for that the content lacks, because no token could be had there.
    """
    if content is None:
        return tuple(_hold(action, now=now) for action in actions)
    return tuple(_settle(action, content, without=without, now=now) for action in actions)


def _hold(action: Action, *, now: datetime) -> Action:
    """Without content: what can pull stays, what cannot goes unserved."""
    if not isinstance(action, Write):
        return action
    if action.found is not None and can_pull(action.found, now=now):
        return Keep(action.target, action.found)
    return Starve(action.target, action.found)


def _settle(action: Action, content: Content, *, without: Collection[str], now: datetime) -> Action:
    found = action.found
    if found is None or not isinstance(action, Keep | Write):
        return action
    holds_it = found.stamp.intact and found.labelled and found.stamp.digest == content.digest
    if holds_it or _is_better(found, content, without=without, now=now):
        return Keep(action.target, found)
    return action if isinstance(action, Write) else Write(action.target, "Outdated", found)


def _is_better(
    found: PullSecret, content: Content, *, without: Collection[str], now: datetime
) -> bool:
    """Tell whether writing the content would take something away that still works.

    An earlier expiry counts only where the tokens were asked for with the same identity and
    registries: what the user changed takes effect. It does not count either where the pull secret
    fails for another registry already, or lacks one that the content opens while it is fresh:
    another process had no token there, and a newer one elsewhere.
    """
    if not is_credible(found):
        return False
    offered = {entry.host: entry.expires_at for entry in content.registries}
    open_ = [entry for entry in found.stamp.registries if _is_open(entry, now=now)]
    if any(entry.host not in offered and region_of(entry.host) in without for entry in open_):
        return True
    if not can_pull(found, now=now) or found.stamp.source not in {None, content.source}:
        return False
    if now < content.refresh_after and offered.keys() - {entry.host for entry in open_}:
        return False
    if any(offered.get(entry.host, entry.expires_at) < entry.expires_at for entry in open_):
        return True
    return _is_settled(found, content)


def _is_settled(found: PullSecret, content: Content) -> bool:
    """Decide between equals the same way everywhere: the smaller digest stays.

    Two processes that refresh in the same second would replace each other's tokens for ever.
    """
    stamp = found.stamp
    equal = stamp.registries == content.registries and stamp.intact and found.labelled
    return equal and stamp.digest < content.digest


def _is_open(entry: RegistryExpiry, *, now: datetime) -> bool:
    return now < entry.expires_at <= now + LONGEST_LIFE


def overruled(write: Write, content: Content) -> str | None:
    """Name the state, by resource version, whose later expiry counts for nothing; None: none does.

    The admission policy refuses to take a source's tokens back in time, and cannot know what was
    forged. So a write over such a state says of it, and of no other, that it is worth nothing.
    """
    found = write.found
    if found is None or write.because not in _WORTHLESS:
        return None
    stamp, offered = found.stamp, latest_expiry(content.annotations()[REGISTRIES])
    fenced = stamp.source == content.source and stamp.latest_expiry > offered
    return found.resource_version if fenced else None
