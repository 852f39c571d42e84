"""What changed from one look to the next, in plain words."""

from collections.abc import Iterator

from testbed.demo.sight import Condition, Sight, Target
from testbed.demo.wording import say_count, say_expiry, say_list, say_pods


def changes(before: Sight, after: Sight) -> tuple[str, ...]:
    """List what happened between two looks; nothing, when nothing did."""
    return (
        *_powers(before, after),
        *_secrets(before, after),
        *_pods(before, after),
        *_conditions(before, after),
    )


def _powers(before: Sight, after: Sight) -> Iterator[str]:
    for who, then, now, returned in (
        ("AWS", before.aws_down, after.aws_down, "is back"),
        ("operator", before.operator_down, after.operator_down, "is starting again"),
    ):
        if then != now:
            yield f"{who} {'is down' if now else returned}"


def _pods(before: Sight, after: Sight) -> Iterator[str]:
    new = after.pods_since(before)
    for namespace in dict.fromkeys(pod.namespace for pod in new):
        there = [pod for pod in new if pod.namespace == namespace]
        noun = "pod" if len(there) == 1 else "pods"
        yield f"{namespace}: {noun} created, {say_pods(there)}"


def _secrets(before: Sight, after: Sight) -> Iterator[str]:
    """Tell what befell the pull secrets, the same in one sentence for all it happened to."""
    pairs = [(before.target(now.namespace), now) for now in after.targets]
    for words, happened in (
        ("namespace created", _appeared),
        ("pull secret created", _created),
        ("pull secret is gone", _vanished),
        ("pull secret was deleted, and is back", _replaced),
        ("pull secret does not open the registry any more", _shut),
        ("pull secret opens the registry again", _reopened),
    ):
        if names := [now.namespace for then, now in pairs if happened(then, now)]:
            yield f"{say_list(names)}: {words}"
    refreshed = [now for then, now in pairs if now.refreshes > then.refreshes]
    if refreshed and (secret := refreshed[0].secret):
        which = say_list([target.namespace for target in refreshed])
        calls = say_count(after.aws_calls, "call")
        expiry = say_expiry(secret.expires_at, after.at)
        yield f"{which}: refreshed in place, expires {expiry} ({calls} to AWS so far)"


def _appeared(then: Target, now: Target) -> bool:
    return now.exists and not then.exists


def _created(then: Target, now: Target) -> bool:
    return then.secret is None and now.secret is not None


def _vanished(then: Target, now: Target) -> bool:
    return then.secret is not None and now.secret is None


def _replaced(then: Target, now: Target) -> bool:
    return then.secret is not None and now.secret is not None and then.secret.uid != now.secret.uid


def _shut(then: Target, now: Target) -> bool:
    return then.opens and now.secret is not None and not now.opens


def _reopened(then: Target, now: Target) -> bool:
    return then.secret is not None and now.opens and not then.opens


def _conditions(before: Sight, after: Sight) -> Iterator[str]:
    if after.credential is None:
        if before.credential is not None:
            yield f"object {before.credential.name} is gone"
        return
    if before.credential is None:
        yield f"object {after.credential.name} created"
    for kind, then, now in (
        ("Ready", before.credential and before.credential.ready, after.credential.ready),
        ("Degraded", before.credential and before.credential.degraded, after.credential.degraded),
    ):
        if _turned(then or Condition(), now):
            yield f"{kind} is {now.status} ({now.reason}): {now.message}"


def _turned(then: Condition, now: Condition) -> bool:
    if then.status == "Unknown" and now.reason == "AsExpected":
        return False  # no trouble before, none now
    return (then.status, then.reason) != (now.status, now.reason)
