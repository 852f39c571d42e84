"""A pod finds a pull secret that works: the first pull does not meet an expired password."""

from datetime import datetime, timedelta

from testbed.aws import faults
from testbed.aws.wire import utc_now
from tests.cluster.api import Object
from tests.cluster.audit import position, requests_of_operator, writes_abroad
from tests.cluster.pods import BOUND, EXPIRING, Village, add_aws_access
from tests.cluster.stage import Stage

# A token is near its end from half of its life on, which has to be longer than the five seconds
# that the operator keeps between two calls to AWS.
LIFE = timedelta(seconds=11)
TIMED_LIFE = timedelta(seconds=6)  # long enough for a timer to call AWS before it ends
TIMER = timedelta(seconds=2)  # behind an expiry the operator looks at what has become of it


def test_a_pod_with_a_fresh_secret_costs_nothing(stage: Stage) -> None:
    """The usual pod: no warning, no call to AWS, no write, whatever the webhook does."""
    village = Village(stage, "shop")
    (shop,) = village.namespaces
    village.await_told(village.serve())
    since = position(stage.site.control_plane)

    answer, asked = village.asked(lambda: village.create(shop))

    assert (answer.status, answer.warnings, asked) == (201, (), 1)
    assert stage.aws.calls(stage.key) == 1  # for the first rollout
    assert writes_abroad(requests_of_operator(stage.site.control_plane, since=since)) == []


def test_an_expired_secret_is_fresh_before_its_pod_is_admitted(stage: Stage) -> None:
    """One call to AWS; the pod's namespace first, the others right after, all in place."""
    village = Village(stage, "shop", "blog", "mail")
    shop, *others = village.namespaces
    village.serve_expired()
    before = {ns: stage.secret(ns, village.secret) for ns in village.namespaces}
    calls = stage.aws.calls(stage.key)

    answer = village.create(shop)

    assert (answer.status, answer.warnings) == (201, ())
    assert village.pulls(shop)
    stage.until("the others follow", lambda: all(map(village.pulls, others)))
    after = {ns: stage.secret(ns, village.secret) for ns in village.namespaces}
    assert {ns: each.uid for ns, each in after.items()} == {
        ns: each.uid for ns, each in before.items()
    }
    assert len({each.docker_config for each in after.values()}) == 1
    assert stage.aws.calls(stage.key) == calls + 1


def test_a_missing_secret_is_there_before_its_pod_is_admitted(stage: Stage) -> None:
    """A pod that comes right behind its credential waits for the first token."""
    village = Village(stage, "shop", "new")
    shop, new = village.namespaces
    stage.serve(shop, secretName=village.secret)
    village.await_registration()
    slow = stage.aws.new_key()
    stage.aws.misbehave(faults.latency(timedelta(seconds=0.7)), slow)
    access = add_aws_access(stage, "slow", slow)
    stage.set_credential([new], short="new", secretName=village.secret, awsAccess=access)
    stage.until("AWS is being asked", lambda: stage.aws.calls(slow) == 1)

    answer = village.create(new)

    assert (answer.status, answer.warnings) == (201, ())
    assert village.pulls(new)
    assert stage.aws.calls(slow) == 1


def test_a_secret_near_its_end_is_replaced_before_its_pod_is_admitted(stage: Stage) -> None:
    """A pod is not admitted with a password that ends while it pulls."""
    stage.aws.set_token_lifetime(LIFE)
    village = Village(stage, "shop")
    (shop,) = village.namespaces
    village.serve(refreshPolicy="OnPodAdmission")
    before = stage.secret(shop, village.secret)
    stale = datetime.fromisoformat(before.annotations["aws.zakariaamine.com/refresh-after"])
    stage.until("it is near its end", lambda: utc_now() > stale)
    stage.aws.set_token_lifetime(timedelta(hours=12))
    calls = stage.aws.calls(stage.key)

    answer = village.create(shop)

    after = stage.secret(shop, village.secret)
    assert (answer.status, answer.warnings) == (201, ())
    assert (after.uid, after.docker_config != before.docker_config) == (before.uid, True)
    assert village.pulls(shop)
    assert stage.aws.calls(stage.key) == calls + 1


def test_on_pod_admission_only_pods_renew(stage: Stage) -> None:
    """No timer calls AWS after the expiry; the status says what is waited for."""
    village = Village(stage, "shop", "blog")
    shop, blog = village.namespaces
    name = village.serve_expired(life=TIMED_LIFE)
    expired = datetime.fromisoformat(stage.secret(shop, village.secret).annotations["expiry"])
    calls = stage.aws.calls(stage.key)

    waiting = ("False", "WaitingForPod")
    stage.until("a timer would have called", lambda: utc_now() > expired + TIMER)
    stage.until("it says that it waits", lambda: stage.condition(name) == waiting)
    assert stage.aws.calls(stage.key) == calls
    answer = village.create(shop)

    assert (answer.status, answer.warnings) == (201, ())
    assert village.pulls(shop)
    stage.until("the other follows", lambda: village.pulls(blog))
    stage.until("all is well", lambda: stage.is_ready(name))
    assert stage.aws.calls(stage.key) == calls + 1


def test_all_secrets_of_a_pod_are_refreshed_side_by_side(stage: Stage) -> None:
    """Two credentials, an identity each: a pod that names both waits once, for both."""
    village, spare = Village(stage, "shop"), stage.name("spare")
    (shop,) = village.namespaces
    keys = (stage.key, stage.aws.new_key())
    access = add_aws_access(stage, "spare", keys[1])
    stage.aws.set_token_lifetime(EXPIRING)
    policy = {"refreshPolicy": "OnPodAdmission"}
    stage.set_credential([shop], short="spare", secretName=spare, awsAccess=access, **policy)
    stage.until("the other is written", lambda: stage.find_secret(shop, spare) is not None)
    village.serve_expired()
    stage.until("the other has expired", lambda: not stage.pulls(shop, name=spare))
    for key in keys:
        stage.aws.misbehave(faults.latency(timedelta(seconds=0.7)), key)
    stage.aws.ask(lambda aws: aws.reset_counters())

    answer = village.create(shop, village.secret, spare)

    assert (answer.status, answer.warnings) == (201, ())
    assert [stage.pulls(shop, name=name) for name in (village.secret, spare)] == [True, True]
    assert [stage.aws.calls(key) for key in keys] == [1, 1]
    assert stage.aws.ask(lambda aws: aws.calls.most_in_flight) == 2


def test_the_pod_is_stored_as_it_was_sent(stage: Stage) -> None:
    """Never a patch: what the API server makes of a pod is the same without us."""
    village, other = Village(stage, "shop"), stage.name("other")
    (shop,) = village.namespaces
    village.serve_expired()

    (ours, asked) = village.asked(lambda: village.create(shop, name="web"))
    stage.api.delete("Pod", "web", shop)
    (theirs, asked_more) = village.asked(lambda: village.create(shop, other, name="web"))

    assert (asked, asked_more) == (1, 0)
    assert _content(ours.pod, secret=village.secret) == _content(theirs.pod, secret=other)


def _content(pod: Object, *, secret: str) -> Object:
    """Leave out what differs between any two pods, and what was meant to."""
    assert pod["spec"].pop("imagePullSecrets") == [{"name": secret}]
    own = {"uid", "resourceVersion", "creationTimestamp", "managedFields"}
    kept = {name: value for name, value in pod["metadata"].items() if name not in own}
    return {**pod, "metadata": kept}


def test_a_dry_run_has_no_effect(stage: Stage) -> None:
    """`kubectl apply --dry-run=server` calls nobody and writes nothing."""
    village = Village(stage, "shop")
    (shop,) = village.namespaces
    village.serve_expired()
    before = stage.secret(shop, village.secret)
    calls = stage.aws.calls(stage.key)
    counted = village.admissions()["dry_run"]

    answer = village.create(shop, dry_run=True)

    assert (answer.status, answer.warnings) == (201, ())
    assert answer.took < BOUND
    assert village.admissions()["dry_run"] == counted + 1
    assert stage.secret(shop, village.secret) == before
    assert stage.aws.calls(stage.key) == calls
