"""Sights of the demo, made by hand: each builder gives a good one and takes what differs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from testbed.demo.sight import Condition, Credential, Pod, Pulls, PullSecret, Sight, Target

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LIFE = timedelta(seconds=30)
READY = Condition("True", "PullSecretsReady", "in place")
AT_EASE = Condition("False", "AsExpected", "nothing needs attention")


def a_secret(**different: Any) -> PullSecret:
    """Return a pull secret with half of its life left."""
    secret = PullSecret(
        uid="uid-1",
        created_at=NOON - LIFE,
        refreshed_at=NOON - LIFE / 2,
        expires_at=NOON + LIFE / 2,
        docker_config=b"token 1",
    )
    return replace(secret, **different)


def a_pod(**different: Any) -> Pod:
    """Return a pod that can pull."""
    pod = Pod(namespace="ns1", held=timedelta(milliseconds=250), answer=200)
    return replace(pod, **different)


def a_target(namespace: str, **different: Any) -> Target:
    """Return a namespace that can pull."""
    target = Target(namespace=namespace, exists=True, secret=a_secret(), answer=200)
    return replace(target, **different)


def bare(namespace: str) -> Target:
    """Return a namespace without a pull secret."""
    return a_target(namespace, secret=None, answer=401)


def a_credential(**different: Any) -> Credential:
    """Return an object that is served."""
    credential = Credential(
        name="my-ecr-credentials",
        namespaces=("ns1", "ns2"),
        served="2/2",
        expires_at=NOON + LIFE / 2,
        ready=READY,
        degraded=AT_EASE,
    )
    return replace(credential, **different)


def a_sight(*targets: Target, **different: Any) -> Sight:
    """Return a sight of two namespaces that can pull, or of others."""
    sight = Sight(
        elapsed=timedelta(seconds=75),
        at=NOON,
        credential=a_credential(),
        targets=targets or (a_target("ns1"), a_target("ns2")),
        aws_calls=1,
        api_writes=7,
        pulls=Pulls(made=100),
    )
    return replace(sight, **different)
