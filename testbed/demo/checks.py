"""What can be checked by looking: each compares the sight before a step with the one now."""

from collections.abc import Sequence
from datetime import timedelta

from testbed.demo.chapter import Check, Seen
from testbed.demo.sight import Condition, Credential, Sight
from testbed.demo.wording import say_count, say_list, say_pods

_SHUT = 401  # the registry does not know who asks; HTTP
_EXPIRED = 403  # it knows the token, which has expired
_LONGEST_HOLD = timedelta(seconds=2)  # of a pod: `timeoutSeconds` of the webhook


def shut(namespaces: Sequence[str]) -> Check:
    """Nobody can pull in these namespaces: there is no pull secret, and the registry refuses."""

    def check(_: Sight, now: Sight) -> Seen:
        targets = now.choose(namespaces)
        refused = [target for target in targets if not target.secret and target.answer == _SHUT]
        return _all(len(refused), len(targets), f"refused with {_SHUT}")

    return check


def opened(namespaces: Sequence[str]) -> Check:
    """A pull secret stands in each of these namespaces and opens the registry."""

    def check(_: Sight, now: Sight) -> Seen:
        targets = now.choose(namespaces)
        pulling = sum(target.opens for target in targets)
        return _all(pulling, len(targets), "let in")

    return check


def expired(_: Sight, now: Sight) -> Seen:
    """Check that no pull secret opens the registry any more, because its token is too old."""
    asked = [target for target in now.targets if target.secret]
    refused = [target for target in asked if target.answer == _EXPIRED]
    return _all(len(refused), len(asked), f"refused with {_EXPIRED}")


def new(_: Sight, now: Sight) -> Seen:
    """Check that no token has lived more than a quarter of its life, so that none is due."""
    secrets = now.secrets().values()
    fresh = [
        secret
        for secret in secrets
        if secret.life and secret.expires_at and secret.expires_at - now.at >= secret.life * 3 / 4
    ]
    return _all(len(fresh), len(secrets), "new")


def refreshed(times: int) -> Check:
    """Every pull secret got a later expiry, in place, that often."""

    def check(before: Sight, now: Sight) -> Seen:
        least = min(_refreshes(before, now), default=0)
        return Seen(f"{least} of {times}", least >= times)

    return check


def same_secrets(before: Sight, now: Sight) -> Seen:
    """Check that every Secret is the one it was: written in place, never replaced."""
    old, new = before.secrets(), now.secrets()
    kept = [name for name in old if name in new and new[name].uid == old[name].uid]
    return _all(len(kept), len(old), "with the UID it had")


def same_token(_: Sight, now: Sight) -> Seen:
    """Check that all namespaces hold the same bytes."""
    secrets = now.secrets()
    tokens = len({secret.docker_config for secret in secrets.values()})
    words = f"{say_count(tokens, 'token')} in {say_count(len(secrets), 'namespace')}"
    return Seen(words, tokens == 1)


def one_call_per_refresh(before: Sight, now: Sight) -> Seen:
    """Check that AWS was asked once per refresh, however many namespaces there are."""
    calls = now.aws_calls - before.aws_calls
    refreshes = max(_refreshes(before, now), default=0)
    words = f"{say_count(calls, 'call')} for {say_count(refreshes, 'refresh', 'refreshes')}"
    return Seen(words, calls == refreshes > 0)


def calls_since(number: int) -> Check:
    """AWS was asked exactly that often."""

    def check(before: Sight, now: Sight) -> Seen:
        calls = now.aws_calls - before.aws_calls
        return Seen(say_count(calls, "call"), calls == number)

    return check


def no_failed_pull(before: Sight, now: Sight) -> Seen:
    """Check that every pull was let in since the step began."""
    made, failed = now.pulls.made - before.pulls.made, now.pulls.failed - before.pulls.failed
    if failed:
        return Seen(f"{failed} of {made:,} failed, the last in {now.pulls.last_failure}")
    if not made:
        return Seen("nobody could pull to begin with")
    return Seen(f"{say_count(made, 'pull')}, all let in", holds=True)


def pods_pull(number: int) -> Check:
    """So many pods were admitted, and each found a token to pull with."""

    def check(before: Sight, now: Sight) -> Seen:
        pods = now.pods_since(before)
        pulling = sum(pod.pulls for pod in pods)
        return Seen(say_pods(pods), pulling == len(pods) == number)

    return check


def pod_came_too_early(before: Sight, now: Sight) -> Seen:
    """Check that a pod was admitted in time, and found the token expired."""
    pods = now.pods_since(before)
    early = [pod for pod in pods if pod.held <= _LONGEST_HOLD and pod.answer == _EXPIRED]
    return Seen(say_pods(pods), len(early) == len(pods) == 1)


def came_back(namespace: str) -> Check:
    """A deleted Secret stands there again, as a new one that opens the registry."""

    def check(before: Sight, now: Sight) -> Seen:
        target, old = now.target(namespace), before.target(namespace).secret
        if target.secret is None:
            return Seen("there is none")
        if old and old.uid == target.secret.uid:
            return Seen("it is still the old one")
        return Seen("a new one, let in" if target.opens else _refused(target.answer), target.opens)

    return check


def restored(namespace: str) -> Check:
    """An edited Secret opens the registry again, and is still the same Secret."""

    def check(before: Sight, now: Sight) -> Seen:
        target, old = now.target(namespace), before.target(namespace).secret
        if target.secret is None or old is None:
            return Seen("there is none")
        if target.secret.uid != old.uid:
            return Seen("it was replaced by another Secret")
        return Seen("same UID, let in" if target.opens else _refused(target.answer), target.opens)

    return check


def condition(kind: str, status: str, reason: str) -> Check:
    """The object says so: `Ready` or `Degraded`, its status, and why."""

    def check(_: Sight, now: Sight) -> Seen:
        if now.credential is None:
            return Seen("the object does not exist")
        found = _find(now.credential, kind)
        words = f"{kind} {found.status}, {found.reason or 'not said yet'}"
        return Seen(words, (found.status, found.reason) == (status, reason))

    return check


def counted(served: str) -> Check:
    """The object counts that many namespaces as served."""

    def check(_: Sight, now: Sight) -> Seen:
        found = now.credential.served if now.credential else "no object"
        return Seen(found, found == served)

    return check


def gone(_: Sight, now: Sight) -> Seen:
    """Check that neither the object nor any pull secret of it is left."""
    left = say_list(sorted(now.secrets()))
    if now.credential:
        return Seen("the object is still there")
    return Seen(f"left in {left}" if left else "none left", not left)


def namespaces_stay(before: Sight, now: Sight) -> Seen:
    """Check that no namespace went."""
    stood = [target.namespace for target in before.targets if target.exists]
    standing = sum(target.exists for target in now.choose(stood))
    return _all(standing, len(stood), "still there")


def _refreshes(before: Sight, now: Sight) -> list[int]:
    return [
        now.target(namespace).refreshes - before.target(namespace).refreshes
        for namespace in before.secrets()
    ]


def _find(credential: Credential, kind: str) -> Condition:
    return {"Ready": credential.ready, "Degraded": credential.degraded}[kind]


def _refused(answer: int | None) -> str:
    return f"the registry answers {answer}"


def _all(number: int, total: int, words: str) -> Seen:
    if not total:
        return Seen("there is none")
    return Seen(f"{number} of {total} {words}", number == total)
