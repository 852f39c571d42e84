"""A Secret that is not ours is never changed, and the conflict is told."""

from typing import Any

import pytest

from ecr_secrets.core.spec import API_VERSION, KIND
from ecr_secrets.core.status import MAX_FAILURES
from tests.cluster.api import Object
from tests.cluster.stage import DATA_KEY, Stage

DOCKER_CONFIG = "eyJhdXRocyI6IHt9fQ=="  # base64 of a valid one without registries
PULL_SECRET_TYPE = "kubernetes.io/dockerconfigjson"


def _secret(namespace: str, *, owner: tuple[str, str] | None = None, **more: Any) -> Object:
    """Make a Secret where a pull secret should stand.

    Args:
        owner: name and uid of the credential it claims to belong to; None: none.
        more: top-level fields that differ from those of a pull secret.
    """
    metadata: Object = {"name": "ecr-login", "namespace": namespace}
    if owner:
        reference = {"apiVersion": API_VERSION, "kind": KIND, "name": owner[0], "uid": owner[1]}
        metadata["ownerReferences"] = [reference]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    return {**secret, "type": PULL_SECRET_TYPE, "data": {DATA_KEY: DOCKER_CONFIG}, **more}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="pull-secret"),
        pytest.param({"type": "Opaque"}, id="opaque"),
        pytest.param({"type": "Opaque", "data": {"password": "aHVudGVyMg=="}}, id="other-data"),
        pytest.param({"immutable": True}, id="immutable"),
    ],
)
def test_a_foreign_secret_is_refused_and_reported(stage: Stage, more: dict[str, Any]) -> None:
    """Not a byte of it changes; other namespaces are served, and this one is when it goes."""
    shop, blog = stage.make_namespaces("shop", "blog")
    foreign = stage.api.create(_secret(shop, **more))
    stage.set_aws_access()

    name = stage.set_credential([shop, blog])

    _expect_refusal(stage, name, shop, reason="ForeignSecret", untouched=foreign)
    assert stage.pulls(blog)
    stage.api.delete("Secret", "ecr-login", shop)
    stage.until("it is served when the other is gone", lambda: stage.pulls(shop))
    stage.until("all is well", lambda: stage.is_ready(name))
    assert stage.condition(name, "Degraded") == ("False", "AsExpected")
    assert "failures" not in stage.status(name)
    assert stage.aws.calls(stage.key) == 1


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"type": "Opaque"}, id="other-type"),
        pytest.param({"immutable": True}, id="immutable"),
    ],
)
def test_a_secret_of_ours_that_cannot_be_changed_is_reported(
    stage: Stage, more: dict[str, Any]
) -> None:
    """Type and immutability cannot be undone, so it is for a person to delete it."""
    shop = stage.make_namespace("shop")
    name = stage.set_credential([shop])
    uid = stage.credential(name)["metadata"]["uid"]
    unusable = stage.api.create(_secret(shop, owner=(name, uid), **more))

    stage.set_aws_access()

    _expect_refusal(stage, name, shop, reason="UnusableSecret", untouched=unusable)
    stage.api.delete("Secret", "ecr-login", shop)
    stage.until("it is served when that is gone", lambda: stage.pulls(shop))
    stage.until("all is well", lambda: stage.is_ready(name))


def test_a_secret_of_another_credential_stays_with_it(stage: Stage) -> None:
    """Who was first keeps it; the second names the first, and takes over when that leaves."""
    shop, blog = stage.make_namespaces("shop", "blog")
    first = stage.serve(shop)
    served = stage.api.find("Secret", "ecr-login", shop)
    assert served is not None

    second = stage.set_credential([shop, blog], short="second")

    _expect_refusal(stage, second, shop, reason="OwnedByOther", untouched=served)
    assert first in stage.status(second)["failures"][0]["message"]
    assert stage.is_ready(first)
    assert stage.pulls(blog)
    stage.set_credential([stage.make_namespace("elsewhere")])
    stage.until("the second is served", lambda: stage.is_ready(second))
    assert stage.pulls(shop)


def test_a_namesake_of_another_group_is_not_an_owner(stage: Stage) -> None:
    """The kind alone proves nothing: the API group and the uid have to fit as well."""
    shop = stage.make_namespace("shop")
    stage.set_aws_access()
    foreign = _secret(shop, owner=(stage.name("ecr"), "00000000-0000-0000-0000-000000000000"))
    foreign["metadata"]["ownerReferences"][0]["apiVersion"] = "example.com/v1"
    untouched = stage.api.create(foreign)

    name = stage.set_credential([shop])

    _expect_refusal(stage, name, shop, reason="ForeignSecret", untouched=untouched)


def test_failures_in_the_status_are_bounded(stage: Stage) -> None:
    """Fifty are named and all are counted: a status is no list of all namespaces."""
    namespaces = stage.make_namespaces(*(f"shop-{number:02}" for number in range(MAX_FAILURES + 2)))
    for namespace in namespaces:
        stage.api.create(_secret(namespace))
    stage.set_aws_access()

    name = stage.set_credential(namespaces)

    refused = ("False", "ForeignSecret")
    stage.until("it is reported", lambda: stage.condition(name) == refused)
    status = stage.status(name)
    assert status["namespaces"]["failed"] == MAX_FAILURES + 2
    assert [each["namespace"] for each in status["failures"]] == namespaces[:MAX_FAILURES]
    (ready,) = [each for each in status["conditions"] if each["type"] == "Ready"]
    assert "(and 51 more)" in ready["message"]


def _expect_refusal(
    stage: Stage, name: str, namespace: str, *, reason: str, untouched: Object
) -> None:
    """Expect the conflict in conditions, failures and an Event, and the Secret as it was."""
    stage.until("it is reported", lambda: stage.condition(name) == ("False", reason))
    assert stage.condition(name, "Degraded") == ("True", reason)
    (failure,) = stage.status(name)["failures"]
    assert (failure["namespace"], failure["reason"]) == (namespace, reason)
    assert f"{namespace}/ecr-login" in failure["message"]
    stage.until(
        "there is an Event",
        lambda: ("Warning", reason) in [(e["type"], e["reason"]) for e in stage.events(name)],
    )
    assert stage.api.find("Secret", "ecr-login", namespace) == untouched
