"""The rights in the manifest are what the operator needs: nothing denied, nothing in vain.

The name of this file makes it the last one of its room, so that it judges all that the operator
did for the other tests; what it needs for its own judgement, it does itself.
"""

from ecr_secrets.core.spec import KIND
from manifests.install import NAME, NAMESPACE, own_rules, rules
from testbed.audit import AuditEvent
from tests.cluster.audit import position, requests_of_operator
from tests.cluster.stage import Stage

_LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{NAME}"
_REGISTRATION = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{NAME}"

Right = tuple[str, str, str]  # verb, group, resource


def test_nothing_is_denied_and_nothing_granted_in_vain(stage: Stage) -> None:
    """Every request of the operator was authorized, and every verb of every rule was used."""
    control_plane = stage.site.control_plane
    assert stage.operator.stop() == 0
    since = position(control_plane)
    for path in (_LEASE, _REGISTRATION):
        control_plane.request("DELETE", path)
    stage.operator.start()
    _do_everything(stage)

    tour = requests_of_operator(control_plane, since=since)
    whole = requests_of_operator(control_plane)

    assert [event for event in whole if event.decision != "allow"] == []
    # A creation by apply is authorized once more inside, which the decision does not show.
    assert [event for event in tour if event.status in {401, 403}] == []
    used = {right for event in tour for right in _used(event)}
    assert used >= _granted()


def _do_everything(stage: Stage) -> None:
    """Make the operator do all that it does."""
    shop, blog = stage.make_namespaces("shop", "blog")
    name = stage.serve(shop, blog)
    for _ in range(2):  # the second time counts up an Event
        stage.api.delete("Secret", "ecr-login", shop)
        stage.until("it is back", lambda: stage.pulls(shop))
    stage.set_credential([shop])
    stage.until("the other is gone", lambda: stage.find_secret(blog) is None)
    stage.until("all is well", lambda: stage.is_ready(name))
    stage.until(
        "an Event was counted up", lambda: any(event["count"] > 1 for event in stage.events(name))
    )
    stage.until("the webhook is registered", lambda: _is_there(stage, _REGISTRATION))
    stage.api.delete(KIND, name)
    stage.until("no webhook is registered", lambda: not _is_there(stage, _REGISTRATION))


def _is_there(stage: Stage, path: str) -> bool:
    return stage.site.control_plane.request("GET", path)[0] == 200


def _granted() -> set[Right]:
    return {
        (verb, group, resource)
        for rule in (*rules(), *own_rules())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _used(event: AuditEvent) -> set[Right]:
    """Name the rights that a request took: an apply that created something took two."""
    resource = "/".join(filter(None, (event.resource, event.subresource)))
    verbs = {event.verb} | ({"create"} if event.status == 201 else set())
    return {(verb, event.group, resource) for verb in verbs}


def test_the_object_itself_cannot_be_changed(stage: Stage) -> None:
    """What the user asks for is the user's: the operator may write its status and nothing else."""
    granted = _granted()

    assert {verb for verb, _, resource in granted if resource == f"{KIND.lower()}s"} == {
        "list",
        "watch",
    }
    assert not [right for right in granted if "*" in right]


def test_nothing_that_other_tests_did_was_a_bug(stage: Stage, spare_stage: Stage) -> None:
    """Whatever befell the two operators so far, neither crashed in a reconcile or a write."""
    _do_everything(stage)
    _do_everything(spare_stage)

    errors = [
        line
        for each in (stage, spare_stage)
        for line in each.operator.log()
        if line["level"] == "error"
    ]

    assert errors == []
