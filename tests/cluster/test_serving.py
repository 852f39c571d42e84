"""Pull secrets come to every namespace that is listed, in whatever order things are made."""

from collections.abc import Callable

import pytest

from ecr_secrets.core.spec import API_VERSION, KIND
from tests.cluster.stage import HOST, Stage

README_NAMESPACES = ("ns1", "ns2", "ns3", "ns4")


def test_the_example_of_the_original_operator_is_served(stage: Stage) -> None:
    """Its object gives each of its four namespaces a secret that pulls, for one call to AWS."""
    namespaces = stage.make_namespaces(*README_NAMESPACES)

    name = stage.serve(*namespaces)

    secrets = [stage.secret(namespace) for namespace in namespaces]
    assert {stage.aws.pull(secret.docker_config, HOST) for secret in secrets} == {200}
    assert len({secret.docker_config for secret in secrets}) == 1
    assert stage.aws.calls(stage.key) == 1
    status = stage.status(name)
    assert status["namespaces"] == {"desired": 4, "ready": 4, "failed": 0, "missing": 0}
    assert status["expiresAt"] == secrets[0].annotations["expiry"]
    assert status["registries"] == [
        {"host": HOST, "region": "eu-west-1", "expiresAt": status["expiresAt"]}
    ]
    assert stage.condition(name) == ("True", "PullSecretsReady")
    assert stage.condition(name, "Degraded") == ("False", "AsExpected")


def test_kubectl_shows_what_matters(stage: Stage) -> None:
    """The short name and the category find it; wide, it says why and where."""
    name = stage.serve(stage.make_namespace("shop"), stage.make_namespace("blog"))

    by_short_name = stage.site.control_plane.kubectl("get", "ecrcred", name, "-o", "wide")
    by_category = stage.site.control_plane.kubectl("get", "ecr")

    header, line = by_short_name.splitlines()
    assert header.split() == [
        "NAME", "READY", "SECRET", "NAMESPACES", "EXPIRES", "AGE", "REASON", "REGIONS"
    ]  # fmt: skip
    expires = stage.status(name)["expiresAt"]
    assert line.split()[:5] == [name, "True", "ecr-login", "2/2", expires]
    assert line.split()[6:] == ["PullSecretsReady", "eu-west-1"]
    assert [name, "True", "ecr-login", "2/2", expires] in [
        row.split()[:5] for row in by_category.splitlines()
    ]


def test_a_missing_namespace_is_named_and_served_when_it_appears(stage: Stage) -> None:
    """Those that exist do not wait for it; it is served within two seconds of its creation."""
    shop, later = stage.make_namespace("shop"), stage.name("later")
    stage.set_aws_access()
    name = stage.set_credential([shop, later])
    stage.until("the namespace that exists is served", lambda: stage.pulls(shop))
    missing = ("False", "NamespaceNotFound")
    stage.until("the other is reported", lambda: stage.condition(name) == missing)
    assert later in str(stage.status(name)["conditions"])

    stage.make_namespace("later")

    stage.until("it is served", lambda: stage.pulls(later))
    stage.until("all is well", lambda: stage.is_ready(name))
    assert stage.secret(later).docker_config == stage.secret(shop).docker_config
    assert stage.aws.calls(stage.key) == 1


def test_an_aws_secret_that_comes_later_is_enough(stage: Stage) -> None:
    """The object says what it waits for, and nobody has to touch it again."""
    shop = stage.make_namespace("shop")
    name = stage.set_credential([shop])
    waiting = ("False", "AwsAccessNotFound")
    stage.until("it says what is missing", lambda: stage.condition(name) == waiting)

    stage.set_aws_access()

    stage.until("it is served", lambda: stage.pulls(shop))
    stage.until("all is well", lambda: stage.is_ready(name))


@pytest.mark.parametrize("order", ["object-namespace-aws", "aws-object-namespace"])
def test_manifests_come_in_any_order(stage: Stage, order: str) -> None:
    """Whatever is applied first, the end is the same."""
    shop = stage.name("shop")
    steps: dict[str, Callable[[], object]] = {
        "object": lambda: stage.set_credential([shop]),
        "namespace": lambda: stage.make_namespace("shop"),
        "aws": stage.set_aws_access,
    }

    for step in order.split("-"):
        steps[step]()

    stage.until("it is served", lambda: stage.pulls(shop))
    stage.until("all is well", lambda: stage.is_ready(stage.name("ecr")))


def test_the_secret_is_owned_by_its_object(stage: Stage) -> None:
    """The owner reference is the original's, so that either operator knows the other's secrets."""
    shop = stage.make_namespace("shop")
    name = stage.serve(shop)

    secret = stage.api.find("Secret", "ecr-login", shop)

    assert secret is not None
    uid = stage.credential(name)["metadata"]["uid"]
    owner = {"apiVersion": API_VERSION, "kind": KIND, "name": name, "uid": uid}
    assert secret["metadata"]["ownerReferences"] == [owner]
    assert secret["type"] == "kubernetes.io/dockerconfigjson"


def test_with_no_namespace_there_yet_it_waits_quietly(stage: Stage) -> None:
    """Everything may come later; nothing is tried again and again meanwhile."""
    stage.set_aws_access()

    name = stage.set_credential([stage.name("later")])
    stage.until("it says so", lambda: stage.condition(name) == ("False", "NamespaceNotFound"))

    crashed = [line for line in stage.operator.log() if line["level"] == "error"]
    assert crashed == []
