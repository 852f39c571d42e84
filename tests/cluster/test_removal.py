"""Pull secrets go when they are no longer asked for, and never before their successor is there."""

import pytest

from ecr_secrets.core.spec import KIND
from testbed.audit import AuditEvent
from tests.cluster.audit import position, requests_of_operator, writes
from tests.cluster.stage import HOST, Stage


def test_a_namespace_that_is_no_longer_listed_loses_its_secret(stage: Stage) -> None:
    """The others keep theirs, untouched."""
    shop, blog = stage.make_namespaces("shop", "blog")
    name = stage.serve(shop, blog)
    kept = stage.secret(blog)

    stage.set_credential([blog])

    stage.until("the secret is gone", lambda: stage.find_secret(shop) is None)
    stage.until("all is well", lambda: stage.is_ready(name))
    assert stage.secret(blog) == kept
    assert stage.status(name)["namespaces"]["desired"] == 1


def test_a_deleted_object_takes_its_secrets_along(stage: Stage) -> None:
    """Kubernetes collects them by their owner reference; the object itself goes at once."""
    shop, blog = stage.make_namespaces("shop", "blog")
    name = stage.serve(shop, blog)

    stage.api.delete(KIND, name)

    assert stage.api.find(KIND, name) is None
    stage.until(
        "the secrets are collected",
        lambda: stage.find_secret(shop) is None and stage.find_secret(blog) is None,
    )


@pytest.mark.parametrize("down", [False, True], ids=["running", "operator-down-meanwhile"])
def test_a_changed_secret_name_is_written_before_the_old_one_goes(
    stage: Stage, *, down: bool
) -> None:
    """There is no moment without a pull secret, also when the operator only learns of it later."""
    shop, blog = stage.make_namespaces("shop", "blog")
    name = stage.serve(shop, blog)
    since = position(stage.site.control_plane)
    if down:
        assert stage.operator.stop() == 0

    stage.set_credential([shop, blog], secretName="ecr-pull")
    if down:
        stage.operator.start()

    def old_is_gone() -> bool:
        old, new = stage.find_secret(shop), stage.find_secret(shop, "ecr-pull")
        standing = [secret for secret in (new, old) if secret]
        assert standing  # read in the order in which they change, so that no moment is missed
        assert stage.aws.pull(standing[0].docker_config, HOST) == 200
        return old is None and stage.find_secret(blog) is None

    stage.until("the old secrets are gone", old_is_gone)
    assert stage.pulls(shop, name="ecr-pull")
    assert stage.pulls(blog, name="ecr-pull")
    stage.until("all is well", lambda: stage.is_ready(name))
    stage.until("the old name is forgotten", lambda: _names(stage, name) == ["ecr-pull"])
    done = writes(requests_of_operator(stage.site.control_plane, since=since))
    for namespace in (shop, blog):
        assert _steps(done, namespace) == [("patch", "ecr-pull"), ("delete", "ecr-login")]


def test_a_name_that_changes_back_leaves_nothing_behind(stage: Stage) -> None:
    """Three names in a row, faster than they are served: only the last one stands."""
    shop = stage.make_namespace("shop")
    name = stage.serve(shop)

    for secret_name in ("one", "two", "ecr-login", "three"):
        stage.set_credential([shop], secretName=secret_name)

    stage.until("all is well", lambda: stage.is_ready(name))
    stage.until("only the last name is left", lambda: _names(stage, name) == ["three"])
    left = [secret["metadata"]["name"] for secret in stage.api.list("Secret", shop)]
    assert left == ["three"]


def _names(stage: Stage, credential: str) -> list[str]:
    names: list[str] = stage.status(credential)["secretNames"]
    return names


def _steps(events: list[AuditEvent], namespace: str) -> list[tuple[str, str]]:
    return [(event.verb, event.name) for event in events if event.namespace == namespace]
