"""What changes between two looks is told in plain words, once for all it happens to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from testbed.demo.changes import changes
from testbed.demo.reading import read_credential, read_pull_secret
from testbed.demo.sight import Condition, Credential, PullSecret, Sight, Target
from testbed.demo.wording import say_expiry, say_span
from tests.testbed.demo_sights import (
    AT_EASE,
    LIFE,
    NOON,
    READY,
    a_credential,
    a_pod,
    a_secret,
    a_sight,
    a_target,
    bare,
)

NEW = a_secret(uid="uid-2")
DOWN = Condition("True", "AwsUnavailable", "no answer")
EMPTY = a_sight(Target(namespace="ns1", exists=False), credential=None)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(a_sight(), a_sight(elapsed=LIFE), (), id="nothing"),
        pytest.param(
            EMPTY, a_sight(bare("ns1"), credential=None), ("ns1: namespace created",),
            id="namespace",
        ),
        pytest.param(
            a_sight(bare("ns1"), bare("ns2"), bare("ns3")),
            a_sight(a_target("ns1"), a_target("ns2"), a_target("ns3")),
            ("ns1, ns2 and ns3: pull secret created",),
            id="created",
        ),
        pytest.param(
            a_sight(), a_sight(bare("ns1"), a_target("ns2")), ("ns1: pull secret is gone",),
            id="gone",
        ),
        pytest.param(
            a_sight(), a_sight(a_target("ns1", secret=NEW), a_target("ns2")),
            ("ns1: pull secret was deleted, and is back",),
            id="replaced",
        ),
        pytest.param(
            a_sight(), a_sight(a_target("ns1", answer=401), a_target("ns2")),
            ("ns1: pull secret does not open the registry any more",),
            id="spoilt",
        ),
        pytest.param(
            a_sight(a_target("ns1", answer=401), a_target("ns2")), a_sight(),
            ("ns1: pull secret opens the registry again",),
            id="mended",
        ),
        pytest.param(
            a_sight(),
            a_sight(a_target("ns1", refreshes=1), a_target("ns2", refreshes=1), aws_calls=2),
            ("ns1 and ns2: refreshed in place, expires in 15 s (2 calls to AWS so far)",),
            id="refreshed",
        ),
        pytest.param(a_sight(), a_sight(aws_down=True), ("AWS is down",), id="aws-down"),
        pytest.param(a_sight(aws_down=True), a_sight(), ("AWS is back",), id="aws-back"),
        pytest.param(
            a_sight(), a_sight(operator_down=True), ("operator is down",), id="operator-down",
        ),
        pytest.param(
            a_sight(operator_down=True), a_sight(), ("operator is starting again",),
            id="operator-back",
        ),
        pytest.param(
            a_sight(pods=(a_pod(),)), a_sight(pods=(a_pod(), a_pod(answer=403))),
            ("ns1: pod created, admitted in 250 ms, refused with 403",),
            id="pod",
        ),
        pytest.param(
            a_sight(),
            a_sight(pods=(a_pod(), a_pod(namespace="ns2"), a_pod(held=timedelta(seconds=1.5)))),
            (
                "ns1: pods created, 2 admitted in 250 to 1,500 ms, 2 let in",
                "ns2: pod created, admitted in 250 ms, let in",
            ),
            id="pods",
        ),
        pytest.param(
            a_sight(), a_sight(credential=a_credential(degraded=DOWN)),
            ("Degraded is True (AwsUnavailable): no answer",),
            id="degraded",
        ),
        pytest.param(
            a_sight(credential=a_credential(ready=Condition(), degraded=Condition())), a_sight(),
            ("Ready is True (PullSecretsReady): in place",),
            id="first-status-without-trouble",
        ),
        pytest.param(
            a_sight(), a_sight(credential=None), ("object my-ecr-credentials is gone",),
            id="object-gone",
        ),
        pytest.param(
            a_sight(credential=None),
            a_sight(credential=a_credential(ready=Condition(), degraded=Condition())),
            ("object my-ecr-credentials created",),
            id="object-created",
        ),
    ],
)  # fmt: skip
def test_changes(before: Sight, after: Sight, expected: tuple[str, ...]) -> None:
    """Each change is one sentence; what stays as it is, is not repeated."""
    assert changes(before, after) == expected


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        pytest.param(timedelta(seconds=119), "119 s", id="seconds"),
        pytest.param(timedelta(seconds=120), "2 min", id="minutes"),
        pytest.param(timedelta(minutes=119), "119 min", id="many-minutes"),
        pytest.param(timedelta(hours=2), "2 h", id="hours"),
    ],
)
def test_say_span(span: timedelta, expected: str) -> None:
    """A span is as exact as it is short."""
    assert say_span(span) == expected


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        pytest.param(timedelta(seconds=1), "in 1 s", id="ahead"),
        pytest.param(timedelta(), "0 s ago", id="now"),
        pytest.param(timedelta(seconds=-1), "1 s ago", id="past"),
    ],
)
def test_say_expiry(left: timedelta, expected: str) -> None:
    """What has expired is not said to expire."""
    assert say_expiry(NOON + left, NOON) == expected


def test_a_pull_secret_is_read_as_far_as_it_can_be() -> None:
    """Whoever edits a Secret may leave anything behind; that is no reason to stop looking."""
    metadata = {"uid": "u", "creationTimestamp": "2026-01-01T12:00:00Z"}
    spoilt = metadata | {"annotations": {"expiry": "tomorrow"}}
    dates = {
        "expiry": "2026-01-01T12:00:30Z",
        "aws.zakariaamine.com/refreshed-at": "2026-01-01T12:00:00Z",
    }
    whole = metadata | {"annotations": dates}
    data = {".dockerconfigjson": "e30="}

    read = [
        read_pull_secret({"metadata": metadata}),
        read_pull_secret({"metadata": spoilt, "data": data}),
        read_pull_secret({"metadata": whole, "data": data}),
    ]

    undated = PullSecret(
        uid="u", created_at=NOON, refreshed_at=None, expires_at=None, docker_config=b""
    )
    assert read == [
        undated,
        replace(undated, docker_config=b"{}"),
        replace(undated, docker_config=b"{}", refreshed_at=NOON, expires_at=NOON + LIFE),
    ]
    assert [secret.life for secret in read] == [None, None, LIFE]


def test_a_credential_is_read_with_and_without_a_status() -> None:
    """An object that was created this instant has no status yet."""
    bare_object = {"metadata": {"name": "a"}, "spec": {"namespaces": ["ns1"]}}
    status = {
        "readyNamespaces": "1/1",
        "expiresAt": "2026-01-01T12:00:30Z",
        "conditions": [
            {"type": "Ready", "status": "True", "reason": READY.reason, "message": READY.message},
            {
                "type": "Degraded",
                "status": "False",
                "reason": AT_EASE.reason,
                "message": AT_EASE.message,
            },
        ],
    }

    read = [read_credential(bare_object), read_credential(bare_object | {"status": status})]

    assert read == [
        Credential(name="a", namespaces=("ns1",)),
        Credential(
            name="a",
            namespaces=("ns1",),
            served="1/1",
            expires_at=NOON + LIFE,
            ready=READY,
            degraded=AT_EASE,
        ),
    ]
