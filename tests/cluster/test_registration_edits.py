"""Whatever somebody does to the webhook configuration, it is soon as it was; and that is told."""

import copy
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from ecr_secrets.core.webhook_configuration import NAME
from testbed.certificates import Authority
from tests.cluster.api import Object
from tests.cluster.audit import position, requests_of_operator, writes
from tests.cluster.pods import Village, a_pod
from tests.cluster.promptness import PROMISED, Promptness
from tests.cluster.stage import Stage
from tests.cluster.webhook_health import events_on
from tests.cluster.webhook_metrics import failed_open

KIND = "ValidatingWebhookConfiguration"
PATH = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{NAME}"
HEALED = "WebhookConfigurationHealed"

Edit = Callable[[Object], None]

HEALING = Promptness()  # from the API server's answer to the edit on


def _configuration(stage: Stage) -> Object:
    found = stage.api.find(KIND, NAME)
    assert found is not None
    return found


def _core(configuration: Object) -> tuple[Any, Any]:
    """Take what matters of it."""
    owners = configuration["metadata"].get("ownerReferences")
    return configuration.get("webhooks"), owners


@pytest.fixture
def village(stage: Stage) -> Village:
    """A namespace whose pods the operator is asked about."""
    made = Village(stage, "shop")
    made.serve()
    return made


def _in_webhook(**fields: Any) -> Edit:
    def edit(configuration: Object) -> None:
        configuration["webhooks"][0].update(fields)

    return edit


def _in_client(**fields: Any) -> Edit:
    def edit(configuration: Object) -> None:
        client = configuration["webhooks"][0]["clientConfig"] | fields
        kept = {name: value for name, value in client.items() if value is not None}
        configuration["webhooks"][0]["clientConfig"] = kept

    return edit


def _add_webhook(configuration: Object) -> None:
    other = copy.deepcopy(configuration["webhooks"][0])
    configuration["webhooks"].append({**other, "name": "other.example.com"})


def _add_condition(configuration: Object) -> None:
    never = {"name": "never", "expression": "false"}
    configuration["webhooks"][0]["matchConditions"].append(never)


def _drop_conditions(configuration: Object) -> None:
    del configuration["webhooks"][0]["matchConditions"]


def _drop_owners(configuration: Object) -> None:
    del configuration["metadata"]["ownerReferences"]


def _drop_webhooks(configuration: Object) -> None:
    del configuration["webhooks"]


_SERVICE = {"namespace": "default", "name": "somebody"}
_STRANGER = b64encode(Authority("somebody").certificate_pem).decode()
_CONFIG_MAPS = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "resources": ["configmaps"],
    "operations": ["*"],
}

EDITS = [
    pytest.param(_in_client(caBundle=None), id="bundle-emptied"),
    pytest.param(_in_client(caBundle=b64encode(b"junk").decode()), id="bundle-broken"),
    pytest.param(_in_client(caBundle=_STRANGER), id="bundle-of-somebody-else"),
    pytest.param(_in_client(url="https://127.0.0.1:1/x"), id="another-url"),
    pytest.param(_in_client(url=None, service=_SERVICE), id="another-service"),
    pytest.param(_in_webhook(failurePolicy="Fail"), id="failure-policy"),
    pytest.param(_in_webhook(timeoutSeconds=30), id="timeout"),
    pytest.param(_in_webhook(rules=[_CONFIG_MAPS]), id="rules"),
    pytest.param(_in_webhook(namespaceSelector={}), id="namespace-selector"),
    pytest.param(_in_webhook(objectSelector={"matchLabels": {"a": "b"}}), id="object-selector"),
    pytest.param(_add_condition, id="condition-added"),
    pytest.param(_drop_conditions, id="conditions-dropped"),
    pytest.param(_add_webhook, id="webhook-added"),
    pytest.param(_drop_webhooks, id="webhooks-dropped"),
    pytest.param(_drop_owners, id="owner-dropped"),
]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_configuration_is_healed(village: Village, edit: Edit) -> None:
    """As a whole, with an Event on it, and pods are asked about as before."""
    stage, (shop,) = village.stage, village.namespaces
    before, told = _configuration(stage), events_on(stage, KIND).get(HEALED, 0)
    edited = copy.deepcopy(before)
    edit(edited)

    status, answer = stage.site.control_plane.request("PUT", PATH, edited)

    assert status == 200, answer
    HEALING.until("it is healed", lambda: _core(_configuration(stage)) == _core(before))
    stage.until("that is told", lambda: events_on(stage, KIND).get(HEALED) == told + 1)
    stage.until("pods are asked about", lambda: village.is_asked_about(a_pod(shop, village.secret)))
    failures = failed_open(stage.site.control_plane)
    assert all(village.is_asked_about(a_pod(shop, village.secret)) for _ in range(3))
    assert failed_open(stage.site.control_plane) == failures


def test_what_another_tool_applies_by_force_is_healed(village: Village) -> None:
    """Also the fields that it claims as its own."""
    stage = village.stage
    before, told = _configuration(stage), events_on(stage, KIND).get(HEALED, 0)
    webhook = {**before["webhooks"][0], "timeoutSeconds": 30, "failurePolicy": "Fail"}
    manifest = {"apiVersion": before["apiVersion"], "kind": KIND, "metadata": {"name": NAME}}

    stage.api.apply({**manifest, "webhooks": [webhook]}, manager="gitops")

    HEALING.until("it is healed", lambda: _core(_configuration(stage)) == _core(before))
    stage.until("that is told", lambda: events_on(stage, KIND).get(HEALED) == told + 1)


def test_a_deleted_configuration_is_made_again(village: Village) -> None:
    """The same, and that is told."""
    stage, (shop,) = village.stage, village.namespaces
    before, told = _configuration(stage), events_on(stage, KIND).get(HEALED, 0)

    stage.api.delete(KIND, NAME)

    HEALING.until("it is back", lambda: stage.api.find(KIND, NAME) is not None)
    stage.until("that is told", lambda: events_on(stage, KIND).get(HEALED) == told + 1)
    assert _core(_configuration(stage)) == _core(before)
    stage.until("pods are asked about", lambda: village.is_asked_about(a_pod(shop, village.secret)))


def test_labels_and_annotations_of_others_are_left_alone(village: Village) -> None:
    """A GitOps tool that marks what it sees starts no war: nothing is written, nothing is told."""
    stage = village.stage
    told, since = events_on(stage, KIND), position(stage.site.control_plane)
    marks = {"labels": {"argocd.example.com/instance": "x"}, "annotations": {"seen": "yes"}}

    stage.api.merge(KIND, NAME, {"metadata": marks})

    stage.until("it was looked at", lambda: _looked(stage, since))
    found = _configuration(stage)["metadata"]
    assert (found["labels"], found["annotations"]) == (marks["labels"], marks["annotations"])
    written = writes(requests_of_operator(stage.site.control_plane, since=since))
    assert [event for event in written if event.resource == f"{KIND.lower()}s"] == []
    assert events_on(stage, KIND) == told
    stage.api.merge(KIND, NAME, {"metadata": {"labels": None, "annotations": None}})


def test_all_that_was_healed_here_was_healed_within_two_seconds() -> None:
    """Whatever the edit: counted from when the API server had taken it."""
    assert HEALING.second_longest() <= PROMISED, HEALING.spans


def _looked(stage: Stage, since: int) -> bool:
    """Tell whether the operator has compared the whole of it with what it should be."""
    asked = requests_of_operator(stage.site.control_plane, since=since)
    return any(event.verb == "get" and event.resource == "clusterroles" for event in asked)
