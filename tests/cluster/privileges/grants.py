"""The rights that a release grants, one by one, and which requests made use of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from testbed.audit import AuditEvent
from testbed.control_plane import ControlPlane
from tests.cluster.api import Object
from tests.cluster.audit import OPERATOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One verb on one resource, in one namespace or all, of one name or any."""

    verb: str
    group: str
    resource: str  # with its subresource
    namespace: str  # "": all
    name: str  # "": any

    def is_used_by(self, event: AuditEvent) -> bool:
        """Tell whether a request that succeeded took it; an apply that created took two rights."""
        verbs = {event.verb} | ({"create"} if event.status == 201 else set())
        resource = "/".join(filter(None, (event.resource, event.subresource)))
        return (
            event.status < 300
            and self.verb in verbs
            and (self.group, self.resource) == (event.group, resource)
            and self.namespace in {"", event.namespace}
            and self.name in {"", event.name}
        )

    def covers(self, other: "Grant") -> bool:
        """Tell whether the other adds nothing to it."""
        return (
            (self.verb, self.group, self.resource) == (other.verb, other.group, other.resource)
            and self.namespace in {"", other.namespace}
            and self.name in {"", other.name}
        )


def grants_of(objects: Iterable[Object]) -> list[Grant]:
    """List what the roles among some objects grant."""
    return [
        Grant(
            verb=verb,
            group=group,
            resource=resource,
            namespace=role["metadata"].get("namespace", ""),
            name=name,
        )
        for role in objects
        if role["kind"] in {"ClusterRole", "Role"}
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    ]


def unused(grants: Sequence[Grant], events: Sequence[AuditEvent]) -> list[Grant]:
    """Return those that no request took, or only requests that a narrower one allows as well."""
    needed = set()
    for event in events:
        taken = {grant for grant in grants if grant.is_used_by(event)}
        needed |= {
            grant for grant in taken if not any(grant.covers(other) for other in taken - {grant})
        }
    return [grant for grant in grants if grant not in needed]


def is_in_force(control_plane: ControlPlane, grant: Grant) -> bool:
    """Ask the authorizer, as the administrator: as the operator, it would show in its requests."""
    resource, _, subresource = grant.resource.partition("/")
    asked: dict[str, Any] = {
        "verb": grant.verb,
        "group": grant.group,
        "resource": resource,
        "subresource": subresource,
        "namespace": grant.namespace,
        "name": grant.name,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": OPERATOR, "resourceAttributes": asked},
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    _, answer = control_plane.request("POST", path, review)
    return bool(answer["status"]["allowed"])
