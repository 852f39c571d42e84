"""From a CronJob or registry-creds to this operator, by the commands of the documentation."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.aws.iam import ACCOUNT
from testbed.aws.wire import utc_now
from tests.cluster.api import Object
from tests.cluster.stage import DATA_KEY, HOST, REGION
from tests.lifecycle.original import encoded
from tests.lifecycle.place import POD, SECRET, Place
from tests.lifecycle.secret_watch import SecretWatch

_JOB = "ecr-renew"
_MARKS = {"labels": {"team": "shop"}, "annotations": {"replicate-to": "nowhere"}}


@pytest.fixture
def served(place: Place) -> Iterator[Place]:
    """The operator at work in a cluster where a job has written the Secrets."""
    _write_as_the_job(place, place.shop, shape="k8s-ecr-login-renew")
    _write_as_the_job(place, place.blog, shape="registry-creds")
    _make_job(place)
    place.install()
    with place.operator():
        yield place


def _write_as_the_job(place: Place, namespace: str, *, shape: str) -> None:
    """Write a Secret as one of the two does: no expiry, no owner; registry-creds with a scheme."""
    token = place.aws.ask(lambda aws: aws.tokens.issue(ACCOUNT, REGION, now=utc_now()))
    both = {"auth": token.authorization_token, "email": "none"}
    auths = {
        "k8s-ecr-login-renew": {HOST: {**both, "username": "AWS", "password": token.password}},
        "registry-creds": {f"https://{HOST}": both},
    }[shape]
    metadata = {"name": SECRET, "namespace": namespace, **_MARKS}
    place.api.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "type": "kubernetes.io/dockerconfigjson",
            "data": {DATA_KEY: encoded(auths)},
        }
    )


def _make_job(place: Place) -> None:
    template = {"spec": {"template": {"spec": {**POD, "restartPolicy": "Never"}}}}
    job = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": _JOB, "namespace": place.shop},
        "spec": {"schedule": "0 */6 * * *", "jobTemplate": template},
    }
    place.cluster.kubectl("apply", "--filename=-", input=json.dumps(job))


def _content(secret: Object) -> str:
    return str(secret["data"][DATA_KEY])


def test_the_same_name_is_taken_over_without_a_gap(served: Place, tmp_path: Path) -> None:
    """Untouched until it is handed over; then replaced in place, under the admission policy."""
    before = served.secrets()
    with SecretWatch(served.cluster, SECRET, tmp_path) as watch:
        served.ask_for()
        refused = ("False", "ForeignSecret")
        served.until("the conflict is told", lambda: served.condition() == refused)
        assert served.secrets() == before
        served.follow("The same name", JOB=_JOB, JOB_NAMESPACE=served.shop)
        names = f"{served.shop} {served.blog}"
        served.follow("Hand the pull secrets over", NAMESPACES=names, SECRET=SECRET)
        sights = watch.seen(served.shop, served.blog)

    assert {each.kind for each in sights} == {"ADDED", "MODIFIED"}
    assert {each.uid for each in sights} == {each["metadata"]["uid"] for each in before}
    assert [each for each in sights if not _opens(served, each.docker_config)] == []
    after = served.secrets()
    assert {_content(each) for each in after}.isdisjoint({_content(each) for each in before})
    assert len({_content(each) for each in after}) == 1
    for each in after:
        metadata = each["metadata"]
        assert metadata["labels"].items() > _MARKS["labels"].items()
        assert metadata["annotations"].items() > _MARKS["annotations"].items()
    path = f"/apis/batch/v1/namespaces/{served.shop}/cronjobs/{_JOB}"
    assert served.cluster.request("GET", path)[1]["spec"]["suspend"] is True


def _opens(place: Place, docker_config: bytes) -> bool:
    """Tell whether a node gets in: it looks for the host with and without a scheme."""
    auths = json.loads(docker_config)["auths"]
    ((host, entry),) = auths.items()
    bare = {"auths": {host.removeprefix("https://"): entry}}
    return place.opens(json.dumps(bare).encode())


def test_entries_of_other_registries_are_gone_afterwards(served: Place) -> None:
    """As the page warns: the operator's pull secrets open what their object asks for."""
    secret = served.secret(served.shop)
    assert secret is not None
    auths = json.loads(base64.b64decode(_content(secret)))["auths"]
    entry = {"auth": base64.b64encode(b"me:mine").decode()}
    more = {"data": {DATA_KEY: encoded({**auths, "registry.example.com": entry})}}
    served.api.merge("Secret", SECRET, more, namespace=served.shop)
    served.ask_for(served.shop)

    served.follow("Hand the pull secrets over", NAMESPACES=served.shop, SECRET=SECRET)

    found = served.secret(served.shop)
    assert found is not None
    assert list(json.loads(base64.b64decode(_content(found)))["auths"]) == [HOST]


def test_another_name_stands_beside_the_old_one(served: Place, tmp_path: Path) -> None:
    """Pods can name both while they change over, and the job goes on."""
    before = served.secrets()

    served.ask_for(secret_name="ecr-pull")
    served.follow("Another name")

    assert served.secrets() == before
    assert served.pulls(served.shop, "ecr-pull")
    assert served.pulls(served.blog, "ecr-pull")


def test_what_was_handed_over_can_be_taken_back(served: Place) -> None:
    """The Secrets stay, valid, and belong to nobody again."""
    served.ask_for()
    names = f"{served.shop} {served.blog}"
    served.follow("Hand the pull secrets over", NAMESPACES=names, SECRET=SECRET)
    before = served.secrets()

    served.follow("Take it back")

    served.until(
        "they belong to nobody",
        lambda: not any(each["metadata"].get("ownerReferences") for each in served.secrets()),
    )
    after = served.secrets()
    assert [each["metadata"]["uid"] for each in after] == [
        each["metadata"]["uid"] for each in before
    ]
    assert [served.pulls(each) for each in (served.shop, served.blog)] == [True, True]
