"""The API server dies or hangs: when it is back, everything is right without a restart of ours."""

import urllib.request
from datetime import timedelta

from tests.cluster.paused_etcd import paused_at_a_write
from tests.cluster.stage import HEALED, Stage

# Turns stale within the outage.
LIFE = timedelta(seconds=10)
# Writes without an answer: the operator waits for ten seconds.
GIVEN_UP = 'ecr_secrets_api_requests_total{resource="secrets",status="0",verb="apply"}'


def test_a_crash_of_the_api_server_is_survived(spare_stage: Stage) -> None:
    """Health stays good; when it is back, what fell due is done and changes are seen again."""
    stage, control_plane = spare_stage, spare_stage.site.control_plane
    stage.aws.set_token_lifetime(LIFE)
    shop, blog = stage.make_namespaces("shop", "blog")
    later = stage.name("later")
    name = stage.serve(shop, blog)
    stage.set_credential([shop, blog, later])
    # Else the status cannot be written, and the next look is the backoff's, not the refresh's.
    missing = ("False", "NamespaceNotFound")
    stage.until("the missing one is told of", lambda: stage.condition(name) == missing)
    before, pid = stage.secret(shop), stage.operator.process.pid

    with control_plane.without_api_server():
        stage.until("a refresh falls due", lambda: stage.aws.calls(stage.key) > 1)
        assert _health(stage) == 200

    stage.make_namespace("later")
    stage.api.delete("Secret", "ecr-login", blog)
    stage.until(
        "the refresh is done",
        lambda: stage.secret(shop).docker_config != before.docker_config,
        HEALED,
    )
    stage.until("the deleted one is back", lambda: stage.pulls(blog), HEALED)
    stage.until("the new one is served", lambda: stage.pulls(later), HEALED)
    stage.until("all is well", lambda: stage.is_ready(name), HEALED)
    assert stage.secret(shop).uid == before.uid
    assert stage.operator.process.pid == pid
    stage.operator.process.check()


def test_a_hanging_etcd_is_survived(spare_stage: Stage) -> None:
    """Writes hang until they time out: they are done afterwards, and nothing is lost between."""
    stage = spare_stage
    shop, blog = stage.make_namespaces("shop", "blog")
    name = stage.serve(shop, blog)
    before, pid = stage.secret(shop), stage.operator.process.pid
    given_up = stage.operator.metrics().get(GIVEN_UP, 0)

    with paused_at_a_write(stage) as key:
        stage.until(
            "a write is given up", lambda: stage.operator.metrics().get(GIVEN_UP, 0) > given_up
        )
        assert _health(stage) == 200

    stage.until(
        "the new key is in use",
        lambda: stage.secret(shop).docker_config != before.docker_config,
        HEALED,
    )
    stage.api.delete("Secret", "ecr-login", blog)
    stage.until("changes are seen again", lambda: stage.pulls(blog), HEALED)
    stage.until("all is well", lambda: stage.is_ready(name), HEALED)
    assert stage.secret(shop).docker_config == stage.secret(blog).docker_config
    assert stage.aws.calls(key) == 1
    assert stage.operator.process.pid == pid


def test_forgotten_versions_are_survived(spare_stage: Stage) -> None:
    """Every resource version is answered with 410: all is listed anew, deletions included."""
    stage, control_plane = spare_stage, spare_stage.site.control_plane
    shop, blog = stage.make_namespaces("shop", "blog")
    name = stage.serve(shop, blog)

    control_plane.expire_resource_versions()
    stage.api.delete("Secret", "ecr-login", blog)

    stage.until("it is back", lambda: stage.pulls(blog), HEALED)
    stage.until("all is well", lambda: stage.is_ready(name), HEALED)
    assert stage.aws.calls(stage.key) == 1


def _health(stage: Stage) -> int:
    with urllib.request.urlopen(f"{stage.operator.health_url}/healthz", timeout=5) as answer:  # noqa: S310 - http on loopback
        return int(answer.status)
