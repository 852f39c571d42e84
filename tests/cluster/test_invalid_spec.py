"""Objects that an older schema let in: each says itself what is wrong with it."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ecr_secrets.core.spec import API_VERSION, KIND
from testbed.operator import CRD
from tests.cluster.api import Object
from tests.cluster.stage import Site, Stage


@pytest.fixture(scope="module", autouse=True)
def _lax(spare_site: Site) -> Iterator[None]:
    """Let the CRD take every spec, as if it were an older one."""
    with Stage(spare_site) as stage:
        _set_schema(stage, _lax_crd(), takes_all=True)
        yield
        _set_schema(stage, _strict_crd(), takes_all=False)


def _strict_crd() -> Object:
    crd: Object = yaml.safe_load(CRD.read_text())
    return crd


def _lax_crd() -> Object:
    crd = _strict_crd()
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"] = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    return crd


def _set_schema(stage: Stage, crd: Object, *, takes_all: bool) -> None:
    stage.api.apply(crd)
    tried = {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "tried"}, "spec": {}}
    stage.until(
        "the schema holds",
        lambda: (stage.api.try_to_create(tried, dry_run=True)[0] == 201) == takes_all,
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param({"secretName": None}, "secretName", id="missing"),
        pytest.param({"secretName": "Ecr_Login"}, "spec.secretName", id="odd-name"),
        pytest.param({"namespaces": []}, "spec.namespaces", id="empty"),
        pytest.param({"namespaces": ["NS1"]}, "spec.namespaces[", id="odd-item"),
        pytest.param({"registries": "eu-west-1"}, "spec.registries", id="other-type"),
        pytest.param(
            {"awsAccess": {"externalId": "shared"}}, "spec.awsAccess.externalId", id="rule"
        ),
        pytest.param(
            {"registries": [{"region": "us-east-1a"}]}, "spec.registries[0].region", id="zone"
        ),
        pytest.param(
            {"registries": [{"region": "eu-west-1"}] * 2}, "spec.registries[1].region", id="twice"
        ),
    ],
)
def test_an_invalid_spec_names_its_field(
    spare_stage: Stage, change: dict[str, Any], path: str
) -> None:
    """`InvalidSpec` on that object alone; the others are served, and so is it when mended."""
    stage = spare_stage
    shop, blog = stage.make_namespaces("shop", "blog")
    stage.set_aws_access()

    bad = stage.set_credential(**({"namespaces": [shop]} | change))
    good = stage.set_credential([blog], short="good")

    invalid = ("False", "InvalidSpec")
    stage.until("it is told", lambda: stage.condition(bad) == invalid)
    assert stage.condition(bad, "Degraded") == ("True", "InvalidSpec")
    message = next(each["message"] for each in stage.status(bad)["conditions"])
    assert path in message
    stage.until("the other is served", lambda: stage.is_ready(good))
    assert stage.pulls(blog)
    assert stage.find_secret(shop) is None
    stage.set_credential([shop])
    stage.until("the mended one is served", lambda: stage.is_ready(bad))


def test_it_is_told_under_the_strict_schema_as_well(spare_stage: Stage) -> None:
    """The API server takes the status of an object whose spec it would not take."""
    stage = spare_stage
    shop = stage.make_namespace("shop")
    stage.set_aws_access()
    assert stage.operator.stop() == 0
    bad = stage.set_credential([shop], secretName="Ecr_Login")
    _set_schema(stage, _strict_crd(), takes_all=False)
    try:
        stage.operator.start()

        invalid = ("False", "InvalidSpec")
        stage.until("it is told", lambda: stage.condition(bad) == invalid)
    finally:
        _set_schema(stage, _lax_crd(), takes_all=True)


def test_what_stood_before_still_stands(spare_stage: Stage) -> None:
    """A spec that turns invalid costs no secret."""
    stage = spare_stage
    shop = stage.make_namespace("shop")
    name = stage.serve(shop)
    before = stage.secret(shop)

    stage.set_credential([shop], registries=[{"region": "Ireland"}])

    invalid = ("False", "InvalidSpec")
    stage.until("it is told", lambda: stage.condition(name) == invalid)
    assert stage.secret(shop) == before
