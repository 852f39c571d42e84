"""A namespace that cannot be served delays no other, and is served when the obstacle goes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from testbed.aws import faults
from tests.cluster.stage import HEALED, Stage


@contextmanager
def _full(stage: Stage, namespace: str) -> Iterator[None]:
    """Let a namespace's quota allow no Secrets."""
    quota = {"apiVersion": "v1", "kind": "ResourceQuota"}
    metadata = {"name": "none", "namespace": namespace}
    stage.api.create({**quota, "metadata": metadata, "spec": {"hard": {"count/secrets": "0"}}})
    # Quotas are counted by a controller that does not run here; admission goes by the status.
    status = {"status": {"hard": {"count/secrets": "0"}, "used": {"count/secrets": "0"}}}
    stage.api.merge("ResourceQuota", "none", status, namespace=namespace, subresource="status")
    stage.until("the quota holds", lambda: not _takes_secrets(stage, namespace))
    yield
    stage.api.delete("ResourceQuota", "none", namespace)


@contextmanager
def _forbidden(stage: Stage, namespace: str) -> Iterator[None]:
    """Let a policy of the cluster refuse Secrets in a namespace."""
    name = stage.name("no-secrets")
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"]}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    policy = {
        "matchConstraints": {
            "resourceRules": [{**rule, "operations": ["CREATE", "UPDATE"]}],
            "namespaceSelector": selector,
        },
        "validations": [{"expression": "false", "message": "no Secrets here"}],
    }
    group = "admissionregistration.k8s.io/v1"
    manifest = {"apiVersion": group, "metadata": {"name": name}}
    stage.api.create({**manifest, "kind": "ValidatingAdmissionPolicy", "spec": policy})
    binding = {"policyName": name, "validationActions": ["Deny"]}
    stage.api.create({**manifest, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding})
    stage.until("the policy holds", lambda: not _takes_secrets(stage, namespace))
    yield
    stage.api.delete("ValidatingAdmissionPolicyBinding", name)
    stage.api.delete("ValidatingAdmissionPolicy", name)


def _takes_secrets(stage: Stage, namespace: str) -> bool:
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "probe", "namespace": namespace},
    }
    status, _ = stage.api.try_to_create(manifest, dry_run=True)
    return status == 201


@pytest.mark.parametrize(
    ("obstacle", "reason"),
    [
        pytest.param(_full, "Forbidden", id="quota"),
        pytest.param(_forbidden, "Rejected", id="policy"),
    ],
)
def test_a_namespace_that_refuses_secrets_delays_no_other(
    stage: Stage, obstacle: Callable[[Stage, str], AbstractContextManager[None]], reason: str
) -> None:
    """The others are served and stay so; the status names the one, until it heals by itself."""
    first, broken, last = stage.make_namespaces("a-first", "broken", "z-last")
    stage.set_aws_access()
    with obstacle(stage, broken):
        name = stage.set_credential([first, broken, last])

        stage.until("it is reported", lambda: stage.condition(name) == ("False", reason))
        assert stage.pulls(first)
        assert stage.pulls(last)
        status = stage.status(name)
        counts = {"desired": 3, "ready": 2, "failed": 1, "missing": 0}
        assert status["namespaces"] == counts
        (failure,) = status["failures"]
        assert (failure["namespace"], failure["reason"]) == (broken, reason)
        stage.api.delete("Secret", "ecr-login", first)
        stage.until("another is repaired as ever", lambda: stage.pulls(first))

    stage.until("it heals", lambda: stage.pulls(broken), HEALED)
    stage.until("all is well", lambda: stage.is_ready(name))
    assert stage.aws.calls(stage.key) == 1


def test_a_namespace_that_is_stuck_in_its_end_is_no_failure(stage: Stage) -> None:
    """It counts as one that does not exist, and is served when there is a new one of its name."""
    shop, leaving = stage.make_namespaces("shop", "leaving")
    name = stage.serve(shop, leaving)
    hold = {"name": "hold", "namespace": leaving, "finalizers": ["example.com/hold"]}
    stage.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": hold})

    stage.api.delete("Namespace", leaving)

    stage.until("its secret is gone", lambda: stage.find_secret(leaving) is None)
    missing = ("False", "NamespaceNotFound")
    stage.until("it is reported", lambda: stage.condition(name) == missing)
    assert stage.condition(name, "Degraded") == ("False", "AsExpected")
    assert "failures" not in stage.status(name)
    stage.api.delete("Secret", "ecr-login", shop)
    stage.until("another is repaired as ever", lambda: stage.pulls(shop))

    loose = {"metadata": {"finalizers": None}}
    stage.api.merge("ConfigMap", "hold", loose, namespace=leaving)
    stage.until("it is gone", lambda: stage.api.find("Namespace", leaving) is None, HEALED)
    stage.make_namespace("leaving")
    stage.until("the new one is served", lambda: stage.pulls(leaving))
    stage.until("all is well", lambda: stage.is_ready(name))


def test_one_bad_credential_delays_no_other(stage: Stage) -> None:
    """AWS refuses one identity: whoever uses another one is served in the meantime."""
    shop, blog = stage.make_namespaces("shop", "blog")
    stage.set_aws_access(AWS_SECRET_ACCESS_KEY="A" * 40)
    bad = stage.set_credential([shop], short="bad")
    stage.until("the bad one is reported", lambda: stage.condition(bad)[1] == "AccessDenied")
    with Stage(stage.site) as other:
        good = other.serve(blog)

        assert other.pulls(blog)
        assert other.is_ready(good)
    assert stage.find_secret(shop) is None
    assert stage.condition(bad) == ("False", "AccessDenied")


def test_a_hanging_aws_delays_no_other_credential(stage: Stage) -> None:
    """Workers do not wait for AWS: with more credentials hanging than workers, one is served."""
    stage.aws.misbehave(faults.HANG, stage.key)
    stage.set_aws_access()
    for number in range(12):
        shop = stage.make_namespace(f"hangs-{number}")
        stage.set_credential([shop], short=f"hangs-{number}", secretName=stage.name("hangs"))
    stage.until("AWS hangs", lambda: _hanging(stage) > 0)

    with Stage(stage.site) as other:
        shop = other.make_namespace("shop")
        other.serve(shop)

        assert other.pulls(shop)
        assert _hanging(stage) > 0


def _hanging(stage: Stage) -> int:
    return stage.aws.ask(lambda aws: aws.calls.in_flight)
