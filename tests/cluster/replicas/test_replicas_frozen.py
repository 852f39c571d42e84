"""A leader that does nothing for longer than its Lease lasts, and then goes on."""

import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from testbed.operator import Operator
from tests.cluster.audit import position, requests_of_operator, writes
from tests.cluster.replicas.cluster import Cluster
from tests.cluster.replicas.expiries import Expiries
from tests.cluster.replicas.pair import EXPIRED, Pair
from tests.cluster.replicas.replica_metrics import gauges
from tests.cluster.replicas.reviews import Trust, ask
from tests.cluster.stage import HEALED, Stage
from tests.core.reviews import a_body

SLOWLY = ("--log-level", "debug", "--max-writes-per-second", "60")
NAMESPACES = 200  # a rollout of three seconds
SENT = 8  # requests of a leader; it has sixteen under way during a rollout
QUIET = 3.0  # seconds in which two that fought would write dozens of times


@pytest.fixture(scope="module")
def lasting_pair(cluster: Cluster) -> Iterator[Pair]:
    """Two replicas, and what they send to the API server can be kept for a while."""
    with Pair(cluster, *SLOWLY, with_ways=True) as pair:
        yield pair


def test_a_leader_that_wakes_does_no_harm(pair: Pair, stage: Stage) -> None:
    """Frozen in the middle of a rollout: what it still wants to write is refused, or no older.

    Some writes are in the air while it is frozen, and arrive when the next leader has done all of
    them. And it had begun for a pod, so it goes on without the Lease: with the older token, or with
    a new one that it gives to all namespaces, and then rests.
    """
    cluster = pair.cluster
    namespaces = stage.make_namespaces(*map(str, range(NAMESPACES)))
    old, new, way = pair.leader(), pair.follower(), pair.ways[pair.holder()]
    stage.aws.set_token_lifetime(timedelta(seconds=40))
    stage.set_aws_access()

    with Expiries(cluster, stage.prefix) as expiries:
        name = stage.set_credential(namespaces, secretName=stage.prefix)
        _ask_for(pair, stage, old, namespaces[-1])
        stage.until("the rollout is under way", lambda: len(expiries.seen()) > 20)
        way.hold()
        stage.until("writes are on their way", lambda: way.held() >= SENT)
        with pair.frozen(old):
            begun = len(expiries.seen())
            stage.aws.set_token_lifetime(timedelta(hours=12))
            pair.until_led_by(new, EXPIRED)
            refreshed = _agree(stage, expiries)
            since = position(cluster.control_plane)
            way.let_go()
            stage.until("its writes are refused", lambda: _refused(cluster, since) > 0)
        stage.until("it stops leading", lambda: old.metrics()["ecr_secrets_leader"] == 0)
        stage.until("all rest", lambda: _rest(cluster), HEALED)
        settled = _agree(stage, expiries)

        assert 0 < begun < NAMESPACES
        assert expiries.setbacks() == {}
    assert min(settled.values()) >= max(refreshed.values())
    assert (pair.leaders(), pair.leader()) == ([pair.holder()], new)
    assert not gauges(old)
    assert stage.is_ready(name)


def _agree(stage: Stage, expiries: Expiries) -> Mapping[str, str]:
    """Wait until all namespaces are served, with one token; what each says of its expiry then."""
    stage.until("all are served", lambda: len(expiries.seen()) == NAMESPACES, HEALED)
    stage.until("with one token", lambda: len(set(expiries.latest().values())) == 1, HEALED)
    return expiries.latest()


def _refused(cluster: Cluster, since: int) -> int:
    """Count the writes of pull secrets that came to nothing."""
    asked = writes(requests_of_operator(cluster.control_plane, since=since))
    return sum(each.resource == "secrets" and each.status >= 400 for each in asked)


def _rest(cluster: Cluster) -> bool:
    """Tell whether nothing is changed for a while; Events of what was may still come."""
    since = position(cluster.control_plane)
    time.sleep(QUIET)  # that nothing is written takes time to show
    asked = writes(requests_of_operator(cluster.control_plane, since=since))
    return all(each.resource == "events" for each in asked)


def _ask_for(pair: Pair, stage: Stage, operator: Operator, namespace: str) -> None:
    """Have a pod ask one replica for its secret, which there is none of yet."""
    body = a_body(stage.prefix, namespace=namespace)
    with Trust(pair.cluster) as trust:
        assert ask(operator.webhook_port, trust.context(), body)["allowed"] is True
