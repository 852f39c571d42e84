"""Of two replicas one works in the background; both answer pods; one follows the other."""

from datetime import timedelta

from testbed.operator import Operator
from tests.cluster.audit import position, requests_of_operator, writes
from tests.cluster.replicas.pair import EXPIRED, RELEASED, Pair
from tests.cluster.replicas.pods import until_open
from tests.cluster.replicas.replica_metrics import changes, gauges
from tests.cluster.replicas.reviews import Trust, ask
from tests.cluster.stage import Stage
from tests.core.reviews import a_body

MANY = 100  # questions, after one of which a replica knows the secret


def test_one_leads_and_both_answer(pair: Pair, stage: Stage) -> None:
    """Both are ready, and each answers from its own memory."""
    shop = stage.make_namespace("shop")
    stage.serve(shop)

    assert pair.leaders() == [pair.holder()]
    with Trust(pair.cluster) as trust:
        for operator in pair.replicas.values():
            before, answers = _fresh(operator), []
            while _fresh(operator) == before:  # the watch may have to tell it of the secret first
                body = a_body("ecr-login", namespace=shop)
                answers.append(ask(operator.webhook_port, trust.context(), body)["allowed"])
                assert len(answers) < MANY
            assert set(answers) == {True}


def test_a_refresh_is_the_business_of_one(pair: Pair, stage: Stage) -> None:
    """One call to AWS per refresh; who stands by writes nothing, no status and no Event."""
    shop = stage.make_namespace("shop")
    leader, follower = pair.leader(), pair.follower()
    before = changes(follower)
    stage.aws.set_token_lifetime(timedelta(seconds=6))
    name = stage.serve(shop)
    first = stage.secret(shop).docker_config

    stage.aws.set_token_lifetime(timedelta(hours=12))
    stage.until("it is refreshed", lambda: stage.secret(shop).docker_config != first)
    stage.until("all is well", lambda: stage.is_ready(name))

    assert stage.aws.calls(stage.key) == 2
    assert changes(follower) == before
    assert pair.leader() is leader
    assert f'ecr_secrets_targets{{credential="{name}",state="ready"}}' in leader.metrics()
    assert not gauges(follower)


def test_a_restart_of_both_with_everything_fresh_costs_nothing(pair: Pair, stage: Stage) -> None:
    """No call to AWS and not one write but that of the Lease."""
    shop, blog = stage.make_namespaces("shop", "blog")
    name = stage.serve(shop, blog)
    before = (stage.secret(shop), stage.secret(blog), stage.credential(name))
    calls = stage.aws.ask(lambda aws: aws.count())
    since = position(pair.cluster.control_plane)

    pair.restart()
    pair.until_whole()
    stage.until("the leader has looked", lambda: len(gauges(pair.leader())) > 0)

    assert writes(requests_of_operator(pair.cluster.control_plane, since=since)) == []
    assert stage.aws.ask(lambda aws: aws.count()) == calls
    assert (stage.secret(shop), stage.secret(blog), stage.credential(name)) == before


def test_a_leader_that_is_stopped_hands_over(pair: Pair, stage: Stage) -> None:
    """It gives the Lease up when its last write has returned; nobody waits for it to run out."""
    shop = stage.make_namespace("shop")
    name = stage.serve(shop)
    leader, follower = pair.leader(), pair.follower()

    code = pair.stop(leader)
    pair.until_led_by(follower, RELEASED)
    blog = stage.make_namespace("blog")
    stage.set_credential([shop, blog])

    assert code == 0
    stage.until("the other one works", lambda: stage.pulls(blog) and stage.is_ready(name))
    assert stage.secret(shop).docker_config == stage.secret(blog).docker_config


def test_a_leader_that_crashes_is_followed_and_no_pod_waits_for_that(
    pair: Pair, stage: Stage
) -> None:
    """Until its Lease has run out there is no leader, and pods meet fresh secrets all the same."""
    shop, blog = stage.make_namespaces("shop", "blog")
    until_open(pair.cluster, shop, blog)
    stage.aws.set_token_lifetime(timedelta(seconds=3))
    name = stage.serve(shop, blog, refreshPolicy="OnPodAdmission")
    stage.aws.set_token_lifetime(timedelta(hours=12))
    stage.until("both have expired", lambda: not stage.pulls(shop) and not stage.pulls(blog))
    leader, follower = pair.leader(), pair.follower()
    holder = pair.holder()

    pair.kill(leader)
    created = pair.create_pod(shop)
    pulls, led = stage.pulls(shop), pair.leaders()

    assert (created.status, created.warnings, pulls) == (201, (), True)
    assert (led, pair.holder()) == ([], holder)
    stage.until("the other namespace comes after", lambda: stage.pulls(blog))
    pair.until_led_by(follower, EXPIRED)
    stage.until("the status is right again", lambda: stage.is_ready(name))


def _fresh(operator: Operator) -> float:
    """Count the pods that it has found well provided for."""
    return operator.metrics().get('ecr_secrets_admissions_total{result="fresh"}', 0)
