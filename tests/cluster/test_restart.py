"""A restart costs nothing, and neither does the change from the original operator to this one."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from ecr_secrets.core.spec import API_VERSION, KIND
from testbed.aws.iam import ACCOUNT
from testbed.aws.wire import utc_now
from tests.cluster.api import Object
from tests.cluster.audit import position, requests_of_operator, writes_abroad
from tests.cluster.stage import DATA_KEY, HOST, REGION, Stage


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_with_everything_fresh_changes_nothing(stage: Stage, end: str) -> None:
    """No call to AWS and not one write, not even of a status or an Event."""
    shop, blog = stage.make_namespaces("shop", "blog")
    name = stage.serve(shop, blog)
    ends: dict[str, Callable[[], object]] = {
        "stop": stage.operator.stop, "kill": stage.operator.kill
    }  # fmt: skip
    ends[end]()
    before = (stage.secret(shop), stage.secret(blog), stage.credential(name))
    since = position(stage.site.control_plane)
    calls = stage.aws.ask(lambda aws: aws.count())

    stage.operator.start()
    stage.until("it has looked at the object", lambda: _reconciles(stage) >= 1)

    assert (
        stage.operator.metrics()[f'ecr_secrets_targets{{credential="{name}",state="ready"}}'] == 2
    )
    asked = requests_of_operator(stage.site.control_plane, since=since)
    assert asked
    assert writes_abroad(asked) == []
    assert stage.aws.ask(lambda aws: aws.count()) == calls
    assert (stage.secret(shop), stage.secret(blog), stage.credential(name)) == before


def test_secrets_of_the_original_operator_are_taken_over_in_place(stage: Stage) -> None:
    """Same object and never a moment without: the valid one stays good until it is replaced."""
    valid, expired = stage.make_namespaces("valid", "expired")
    stage.set_aws_access()
    assert stage.operator.stop() == 0
    name = stage.set_credential([valid, expired])
    owner = stage.credential(name)["metadata"]["uid"]
    for namespace, life in ((valid, timedelta(hours=6)), (expired, timedelta(seconds=-1))):
        stage.api.create(_original_secret(stage, namespace, name, owner, life))
    uids = {namespace: stage.secret(namespace).uid for namespace in (valid, expired)}
    assert (stage.pulls(valid), stage.pulls(expired)) == (True, False)

    stage.operator.start()

    def taken_over() -> bool:
        assert stage.pulls(valid)
        return stage.is_ready(name) and all(
            "app.kubernetes.io/managed-by" in stage.secret(namespace).labels for namespace in uids
        )

    stage.until("both are taken over", taken_over)
    assert {namespace: stage.secret(namespace).uid for namespace in uids} == uids
    assert stage.secret(valid).docker_config == stage.secret(expired).docker_config
    assert stage.pulls(expired)
    assert stage.aws.calls(stage.key) == 1


def test_a_secret_of_the_original_stays_while_aws_is_away(stage: Stage) -> None:
    """What can pull is not touched before there is something better."""
    valid = stage.make_namespace("valid")
    stage.set_aws_access()
    assert stage.operator.stop() == 0
    name = stage.set_credential([valid])
    owner = stage.credential(name)["metadata"]["uid"]
    stage.api.create(_original_secret(stage, valid, name, owner, timedelta(hours=6)))
    before = stage.secret(valid)
    stage.aws.set_down(down=True)

    stage.operator.start()

    away = ("True", "AwsUnavailable")
    stage.until("it says what is wrong", lambda: stage.condition(name, "Degraded") == away)
    assert stage.secret(valid) == before
    assert stage.is_ready(name)


def _reconciles(stage: Stage) -> float:
    return stage.operator.metrics().get('ecr_secrets_reconciles_total{result="success"}', 0)


def _original_secret(
    stage: Stage, namespace: str, credential: str, owner: str, life: timedelta
) -> Object:
    """Make a pull secret as the original operator does, of a token with so much life left."""
    issued = utc_now() + life - timedelta(hours=12)
    token = stage.aws.ask(lambda aws: aws.tokens.issue(ACCOUNT, REGION, now=issued))
    entry = {
        "username": "AWS",
        "password": token.password,
        "auth": token.authorization_token,
    }
    config = json.dumps({"auths": {HOST: entry}}).encode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "ecr-login",
            "namespace": namespace,
            "annotations": {"expiry": token.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")},
            "ownerReferences": [
                {"apiVersion": API_VERSION, "kind": KIND, "name": credential, "uid": owner}
            ],
        },
        "type": "kubernetes.io/dockerconfigjson",
        "data": {DATA_KEY: base64.b64encode(config).decode()},
    }
