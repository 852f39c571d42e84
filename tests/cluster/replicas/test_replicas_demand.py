"""Pods have secrets refreshed by whichever replica they meet, also by both at the same time."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product

import pytest

from testbed.aws.faults import latency
from tests.cluster.audit import position, requests_of_operator
from tests.cluster.replicas.pair import Pair
from tests.cluster.replicas.pods import until_open
from tests.cluster.replicas.reviews import Trust, ask
from tests.cluster.stage import PullSecret, Stage
from tests.core.reviews import a_body

QUIET = 3.0  # seconds in which two that fought would write dozens of times


def test_who_stands_by_refreshes_for_a_pod(pair: Pair, stage: Stage) -> None:
    """The pod's namespace before the answer, the others right after; the leader has no part."""
    shop, blog = stage.make_namespaces("shop", "blog")
    until_open(pair.cluster, shop, blog)
    name = _serve_and_expire(stage, shop, blog)
    leader, follower = pair.leader(), pair.follower()
    before = _asked_aws(pair)

    with pair.balancer.only(follower.webhook_port):
        created = pair.create_pod(shop)
        pulls = stage.pulls(shop)

    assert (created.status, created.warnings, pulls) == (201, (), True)
    stage.until("the other namespace comes after", lambda: stage.pulls(blog))
    after = _asked_aws(pair)
    assert after[follower.process.pid] == before[follower.process.pid] + 1
    assert after[leader.process.pid] == before[leader.process.pid]
    stage.until("the leader tells of it", lambda: stage.is_ready(name))
    assert pair.leaders() == [pair.holder()]


@pytest.mark.parametrize("attempt", range(2))
def test_two_that_refresh_at_once_agree(pair: Pair, stage: Stage, attempt: int) -> None:
    """Each fetches a token, and every namespace ends with the same one of them, for good."""
    namespaces = stage.make_namespaces(*map(str, range(20)))
    _serve_and_expire(stage, *namespaces)
    since = position(pair.cluster.control_plane)
    stage.aws.misbehave(latency(timedelta(seconds=0.5)), stage.key)  # so that both ask

    with (
        Trust(pair.cluster) as trust,
        ThreadPoolExecutor(8) as pool,
    ):
        ports = [operator.webhook_port for operator in pair.replicas.values()]
        answers = list(
            pool.map(
                lambda question: ask(
                    question[1], trust.context(), a_body("ecr-login", namespace=question[0])
                ),
                product(namespaces, ports),
            )
        )
    stage.until("they agree", lambda: len(_contents(stage, namespaces)) == 1)
    agreed = _secrets(stage, namespaces)
    time.sleep(QUIET)  # that nothing is written takes time to show

    assert all(answer["allowed"] is True for answer in answers)
    assert stage.aws.calls(stage.key) == 3  # the one that has expired, and one for each replica
    assert _secrets(stage, namespaces) == agreed
    assert all(stage.pulls(namespace) for namespace in namespaces)
    # One by each replica, and one more by whose token was the better one.
    assert _written(pair, since) <= 3 * len(namespaces)


def _serve_and_expire(stage: Stage, *namespaces: str) -> str:
    """Have pull secrets that only a pod will have refreshed."""
    stage.aws.set_token_lifetime(timedelta(seconds=4))
    name = stage.serve(*namespaces, refreshPolicy="OnPodAdmission")
    stage.aws.set_token_lifetime(timedelta(hours=12))
    stage.until("all have expired", lambda: not any(map(stage.pulls, namespaces)))
    return name


def _asked_aws(pair: Pair) -> dict[int, float]:
    """Count the calls to AWS of each replica, by process."""
    return {
        operator.process.pid: sum(
            value
            for name, value in operator.metrics().items()
            if name.startswith("ecr_secrets_aws_requests_total")
        )
        for operator in pair.replicas.values()
    }


def _secrets(stage: Stage, namespaces: list[str]) -> list[PullSecret]:
    return [stage.secret(namespace) for namespace in namespaces]


def _contents(stage: Stage, namespaces: list[str]) -> set[bytes]:
    return {secret.docker_config for secret in _secrets(stage, namespaces) if stage.aws}


def _written(pair: Pair, since: int) -> int:
    """Count the writes of pull secrets that the API server has taken."""
    asked = requests_of_operator(pair.cluster.control_plane, since=since)
    return sum(
        event.verb == "patch" and event.resource == "secrets" and event.status < 300
        for event in asked
    )
