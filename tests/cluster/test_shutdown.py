"""SIGTERM ends the operator in good order: exit code 0 before Kubernetes loses patience."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from testbed.aws import faults
from tests.cluster.paused_etcd import paused_at_a_write
from tests.cluster.pods import Village
from tests.cluster.stage import Stage

# What the manifest allows before Kubernetes kills. When all hangs, it takes the grace of 8 s and
# the 5 s after which the Lease is left to run out.
LONGEST = timedelta(seconds=15)


def test_an_idle_operator_ends_at_once(spare_stage: Stage) -> None:
    """Nothing has begun, so there is nothing to wait for."""
    spare_stage.serve(spare_stage.make_namespace("shop"))

    try:
        _expect_good_end(spare_stage, within=timedelta(seconds=3))
    finally:
        spare_stage.operator.start()


def test_a_rollout_ends_with_every_secret_whole(
    spare_stage: Stage, many_namespaces: list[str]
) -> None:
    """What has begun is finished, what has not is left; the next start does the rest."""
    stage, namespaces = spare_stage, many_namespaces[:300]
    stage.set_aws_access()
    name = stage.set_credential(namespaces, secretName=stage.prefix)
    stage.until("the rollout is under way", lambda: len(_served(stage)) > 5)

    with _stopped(stage):
        served = _served(stage)

    assert 0 < len(served) < len(namespaces)
    assert all(stage.pulls(namespace, name=stage.prefix) for namespace in sorted(served)[:20])
    stage.until("the rest is served", lambda: stage.is_ready(name))
    assert _served(stage) == set(namespaces)


def test_a_pod_that_comes_while_it_ends_has_its_refresh(spare_stage: Stage) -> None:
    """The API server's connection may ask once more, and the answer is worth the wait."""
    stage = spare_stage
    village = Village(stage, "shop")
    (shop,) = village.namespaces
    village.serve_expired()
    before = village.unanswered()
    village.create(shop, dry_run=True)  # opens a connection, or keeps it from ending as idle

    os.kill(stage.operator.process.pid, signal.SIGTERM)
    pod = village.create(shop)
    pulls = village.pulls(shop)
    code = stage.operator.stop()
    unanswered = village.unanswered() - before
    stage.operator.start()

    assert (pod.status, pod.warnings, unanswered) == (201, (), 0)
    assert pulls
    assert code == 0


def test_it_ends_while_aws_hangs(spare_stage: Stage) -> None:
    """Calls in the air are given up: one without an answer, one that gets a byte per second."""
    stage = spare_stage
    shop = stage.make_namespace("shop")
    stage.aws.misbehave(faults.HANG, stage.key, region="eu-west-1")
    stage.aws.misbehave(faults.drip(timedelta(seconds=1)), stage.key, region="us-east-1")
    stage.set_aws_access()
    stage.set_credential([shop], registries=[{"region": "eu-west-1"}, {"region": "us-east-1"}])
    stage.until("both calls hang", lambda: stage.aws.calls(stage.key) == 2)

    with _stopped(stage):
        stage.aws.behave()

    stage.until("the next one serves", lambda: stage.pulls(shop))


def test_it_ends_while_the_api_server_hangs(spare_stage: Stage) -> None:
    """A write that nobody answers is given up after the grace, and done by the next start."""
    stage = spare_stage
    shop = stage.make_namespace("shop")
    name = stage.set_credential([shop])
    waiting = ("False", "AwsAccessNotFound")
    stage.until("its status is written", lambda: stage.condition(name) == waiting)

    with paused_at_a_write(stage):  # of a status, which a worker waits for
        code, took = _stop(stage)
    stage.operator.start()

    assert code == 0
    assert took < LONGEST
    stage.until("the next one serves", lambda: stage.pulls(shop) and stage.is_ready(name))


@contextmanager
def _stopped(stage: Stage) -> Iterator[None]:
    """Stop the operator in good order, and start it again afterwards."""
    try:
        _expect_good_end(stage, within=LONGEST)
        yield
    finally:
        stage.operator.start()


def _expect_good_end(stage: Stage, *, within: timedelta) -> None:
    code, took = _stop(stage)
    assert code == 0
    assert took < within
    assert "operator stopped" in stage.operator.log_text().splitlines()[-1]


def _stop(stage: Stage) -> tuple[int, timedelta]:
    began = time.monotonic()
    code = stage.operator.stop()
    return code, timedelta(seconds=time.monotonic() - began)


def _served(stage: Stage) -> set[str]:
    """Name the namespaces that have the test's secret."""
    query = f"?fieldSelector=metadata.name={stage.prefix}"
    return {each["metadata"]["namespace"] for each in stage.api.list("Secrets", query=query)}
