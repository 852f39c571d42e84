"""Each check of the demo tells what holds from what does not, by two sights."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from testbed.demo import checks
from testbed.demo.chapter import Check
from testbed.demo.prober import Prober
from testbed.demo.sight import Condition, Pulls, Sight, Target
from tests.testbed.demo_sights import (
    LIFE,
    NOON,
    a_credential,
    a_pod,
    a_secret,
    a_sight,
    a_target,
    bare,
)

BOTH = ("ns1", "ns2")
EARLIER = a_pod(answer=401)  # a pod of an earlier step: nobody's business
BEFORE = a_sight(pods=(EARLIER,))
OTHER = a_secret(uid="uid-2")
DOWN = Condition("True", "AwsUnavailable", "no answer")


def pods(number: int, **different: Any) -> Sight:
    """Return a sight of that many new pods."""
    return a_sight(pods=(EARLIER, *(a_pod(**different) for _ in range(number))))


def aged(age: timedelta) -> Target:
    """Return a namespace that holds a token of that age."""
    secret = a_secret(refreshed_at=NOON - age, expires_at=NOON + LIFE - age)
    return a_target("ns2", secret=secret)


def refreshed(*times: int) -> tuple[Target, ...]:
    """Return ns1, ns2, ... after that many refreshes each."""
    return tuple(a_target(f"ns{n}", refreshes=each) for n, each in enumerate(times, start=1))


@pytest.mark.parametrize(
    ("check", "now", "holds", "words"),
    [
        pytest.param(
            checks.shut(BOTH), a_sight(bare("ns1"), bare("ns2")), True,
            "2 of 2 refused with 401", id="shut",
        ),
        pytest.param(
            checks.shut(BOTH), a_sight(bare("ns1")), False,
            "1 of 2 refused with 401", id="shut-but-one-is-not-there",
        ),
        pytest.param(
            checks.shut(["ns1"]), a_sight(a_target("ns1", answer=401)), False,
            "0 of 1 refused with 401", id="shut-in-spite-of-a-secret",
        ),
        pytest.param(checks.opened(BOTH), a_sight(), True, "2 of 2 let in", id="open"),
        pytest.param(
            checks.opened(BOTH), a_sight(a_target("ns1"), a_target("ns2", answer=403)), False,
            "1 of 2 let in", id="open-but-one-has-expired",
        ),
        pytest.param(
            checks.opened(["ns1"]), a_sight(a_target("ns1", secret=None)), False,
            "0 of 1 let in", id="open-without-a-secret",
        ),
        pytest.param(
            checks.expired, a_sight(a_target("ns1", answer=403), bare("ns2")), True,
            "1 of 1 refused with 403", id="expired",
        ),
        pytest.param(
            checks.expired, a_sight(a_target("ns1", answer=403), a_target("ns2")), False,
            "1 of 2 refused with 403", id="expired-but-one",
        ),
        pytest.param(
            checks.expired, a_sight(a_target("ns1", answer=401)), False,
            "0 of 1 refused with 403", id="unknown-rather-than-expired",
        ),
        pytest.param(
            checks.new, a_sight(aged(LIFE / 4)), True, "1 of 1 new", id="new",
        ),
        pytest.param(
            checks.new, a_sight(aged(LIFE / 4 + timedelta(microseconds=1))), False,
            "0 of 1 new", id="not-new-any-more",
        ),
        pytest.param(
            checks.new, a_sight(a_target("ns1", secret=a_secret(refreshed_at=None))), False,
            "0 of 1 new", id="of-unknown-age",
        ),
        pytest.param(
            checks.pods_pull(1), pods(1), True, "admitted in 250 ms, let in", id="pod-pulls",
        ),
        pytest.param(
            checks.pods_pull(1), pods(1, answer=403), False,
            "admitted in 250 ms, refused with 403", id="pod-does-not-pull",
        ),
        pytest.param(
            checks.pods_pull(1), pods(1, late=True), True,
            "admitted in 250 ms, let in late", id="pod-pulls-late",
        ),
        pytest.param(
            checks.pods_pull(1), pods(1, ran=timedelta(seconds=1.25)), True,
            "admitted in 250 ms, let in, running after 1.2 s", id="pod-runs",
        ),
        pytest.param(
            checks.pods_pull(2),
            a_sight(pods=(EARLIER, a_pod(ran=timedelta(seconds=2)), a_pod(answer=403))), False,
            "2 admitted in 250 to 250 ms, 1 let in, 1 running after 2.0 s", id="one-of-two-runs",
        ),
        pytest.param(checks.pods_pull(1), pods(0), False, "no pod was admitted", id="no-pod"),
        pytest.param(
            checks.pods_pull(3), pods(3), True, "3 admitted in 250 to 250 ms, 3 let in", id="crowd",
        ),
        pytest.param(
            checks.pods_pull(2), pods(2, late=True), True,
            "2 admitted in 250 to 250 ms, 2 let in, 2 late", id="crowd-pulls-late",
        ),
        pytest.param(
            checks.pods_pull(3), pods(2), False,
            "2 admitted in 250 to 250 ms, 2 let in", id="crowd-but-one-is-missing",
        ),
        pytest.param(
            checks.pods_pull(2),
            a_sight(pods=(EARLIER, a_pod(), a_pod(held=timedelta(seconds=1), answer=403))), False,
            "2 admitted in 250 to 1,000 ms, 1 let in", id="crowd-but-one-does-not-pull",
        ),
        pytest.param(
            checks.pod_came_too_early, pods(1, held=timedelta(seconds=2), answer=403), True,
            "admitted in 2,000 ms, refused with 403", id="pod-not-held",
        ),
        pytest.param(
            checks.pod_came_too_early, pods(1, held=timedelta(seconds=2.001), answer=403), False,
            "admitted in 2,001 ms, refused with 403", id="pod-held-too-long",
        ),
        pytest.param(
            checks.pod_came_too_early, pods(1), False, "admitted in 250 ms, let in",
            id="pod-came-in-time",
        ),
        pytest.param(
            checks.pod_came_too_early, pods(0), False, "no pod was admitted", id="pod-refused",
        ),
        pytest.param(checks.refreshed(2), a_sight(*refreshed(2, 2)), True, "2 of 2", id="twice"),
        pytest.param(checks.refreshed(2), a_sight(*refreshed(2, 1)), False, "1 of 2", id="lagging"),
        pytest.param(
            checks.same_secrets, a_sight(), True, "2 of 2 with the UID it had", id="same-secrets",
        ),
        pytest.param(
            checks.same_secrets, a_sight(a_target("ns1"), a_target("ns2", secret=OTHER)), False,
            "1 of 2 with the UID it had", id="replaced",
        ),
        pytest.param(
            checks.same_secrets, a_sight(a_target("ns1"), bare("ns2")), False,
            "1 of 2 with the UID it had", id="vanished",
        ),
        pytest.param(checks.same_token, a_sight(), True, "1 token in 2 namespaces", id="one-token"),
        pytest.param(
            checks.same_token,
            a_sight(a_target("ns1"), a_target("ns2", secret=a_secret(docker_config=b"token 2"))),
            False, "2 tokens in 2 namespaces", id="two-tokens",
        ),
        pytest.param(checks.calls_since(1), a_sight(aws_calls=2), True, "1 call", id="one-call"),
        pytest.param(checks.calls_since(1), a_sight(aws_calls=3), False, "2 calls", id="calls"),
        pytest.param(
            checks.one_call_per_refresh, a_sight(*refreshed(2, 2), aws_calls=3), True,
            "2 calls for 2 refreshes", id="call-per-refresh",
        ),
        pytest.param(
            checks.one_call_per_refresh, a_sight(*refreshed(1, 1), aws_calls=3), False,
            "2 calls for 1 refresh", id="call-per-namespace",
        ),
        pytest.param(
            checks.one_call_per_refresh, a_sight(), False,
            "0 calls for 0 refreshes", id="no-refresh-at-all",
        ),
        pytest.param(
            checks.no_failed_pull, a_sight(pulls=Pulls(150)), True,
            "50 pulls, all let in", id="no-failed-pull",
        ),
        pytest.param(
            checks.no_failed_pull, a_sight(pulls=Pulls(150, 1, "ns1: no pull secret")), False,
            "1 of 50 failed, the last in ns1: no pull secret", id="failed-pull",
        ),
        pytest.param(
            checks.no_failed_pull, a_sight(), False,
            "nobody could pull to begin with", id="nobody-pulled",
        ),
        pytest.param(
            checks.came_back("ns2"), a_sight(a_target("ns1"), a_target("ns2", secret=OTHER)), True,
            "a new one, let in", id="back",
        ),
        pytest.param(
            checks.came_back("ns2"), a_sight(), False, "it is still the old one", id="old",
        ),
        pytest.param(
            checks.came_back("ns2"), a_sight(bare("ns2")), False, "there is none", id="not-back",
        ),
        pytest.param(
            checks.came_back("ns2"), a_sight(a_target("ns2", secret=OTHER, answer=401)), False,
            "the registry answers 401", id="back-and-useless",
        ),
        pytest.param(checks.restored("ns2"), a_sight(), True, "same UID, let in", id="restored"),
        pytest.param(
            checks.restored("ns2"), a_sight(a_target("ns2", answer=401)), False,
            "the registry answers 401", id="still-edited",
        ),
        pytest.param(
            checks.restored("ns2"), a_sight(a_target("ns2", secret=OTHER)), False,
            "it was replaced by another Secret", id="restored-by-replacing",
        ),
        pytest.param(
            checks.condition("Degraded", "True", "AwsUnavailable"),
            a_sight(credential=a_credential(degraded=DOWN)), True,
            "Degraded True, AwsUnavailable", id="condition",
        ),
        pytest.param(
            checks.condition("Degraded", "True", "AwsUnavailable"), a_sight(), False,
            "Degraded False, AsExpected", id="another-condition",
        ),
        pytest.param(
            checks.condition("Ready", "True", "PullSecretsReady"), a_sight(credential=None), False,
            "the object does not exist", id="no-object",
        ),
        pytest.param(checks.counted("2/2"), a_sight(), True, "2/2", id="counted"),
        pytest.param(checks.counted("3/3"), a_sight(), False, "2/2", id="not-counted"),
        pytest.param(
            checks.gone, a_sight(bare("ns1"), bare("ns2"), credential=None), True,
            "none left", id="gone",
        ),
        pytest.param(
            checks.gone, a_sight(a_target("ns1"), bare("ns2"), credential=None), False,
            "left in ns1", id="secret-left",
        ),
        pytest.param(
            checks.gone, a_sight(bare("ns1")), False, "the object is still there", id="object-left",
        ),
        pytest.param(
            checks.namespaces_stay, a_sight(bare("ns1"), bare("ns2")), True,
            "2 of 2 still there", id="namespaces-stay",
        ),
        pytest.param(
            checks.namespaces_stay, a_sight(Target(namespace="ns1", exists=False)), False,
            "0 of 2 still there", id="namespaces-gone",
        ),
    ],
)  # fmt: skip
def test_check(check: Check, now: Sight, holds: bool, words: str) -> None:
    """A check holds for what was promised and for nothing else, and says what it found."""
    seen = check(BEFORE, now)

    assert (seen.holds, seen.words) == (holds, words)


OPEN, SHUT = a_target("ns1"), a_target("ns1", answer=403)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        pytest.param([OPEN, OPEN], Pulls(2), id="all-good"),
        pytest.param([bare("ns1"), SHUT], Pulls(), id="not-served-yet"),
        pytest.param([OPEN, SHUT], Pulls(2, 1, "ns1: the registry answers 403"), id="expired"),
        pytest.param([OPEN, bare("ns1")], Pulls(2, 1, "ns1: no pull secret"), id="vanished"),
        pytest.param([OPEN, None, bare("ns1"), OPEN], Pulls(2), id="our-own-doing"),
        pytest.param(
            [OPEN, None, OPEN, SHUT], Pulls(3, 1, "ns1: the registry answers 403"), id="spared-once"
        ),
    ],
)
def test_pulls(course: list[Target | None], expected: Pulls) -> None:
    """What could pull has to go on pulling; None: its pull secret is about to be spoilt by us."""
    prober = Prober()

    for target in course:
        if target is None:
            prober.spare(["ns1"])
        else:
            prober.note(target, expected=True)

    assert prober.pulls == expected


def test_where_nobody_asks_for_a_secret_no_pull_has_to_work() -> None:
    """When the object is deleted, or gives up a namespace, its pull secrets go by right."""
    prober = Prober()
    prober.note(OPEN, expected=True)

    prober.note(OPEN, expected=False)
    prober.note(bare("ns1"), expected=True)

    assert prober.pulls == Pulls(1)


def test_a_secret_stays_out_of_sight() -> None:
    """What a pull secret holds is not shown by accident."""
    assert "token 1" not in repr(replace(BEFORE, elapsed=timedelta()))
