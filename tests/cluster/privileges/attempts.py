"""What somebody who holds the operator's token may try: rows say what it would be good for."""

from typing import Any

import pytest

from ecr_secrets.core.spec import API_VERSION, PLURAL
from testbed.operator import NAMESPACE
from tests.cluster.privileges.intruder import Attempt
from tests.cluster.privileges.profiles import AWS_ACCESS, SHOP

CORE = "/api/v1"
SHOPS = f"{CORE}/namespaces/{SHOP}"
SYSTEM = f"{CORE}/namespaces/kube-system"
OWN = f"{CORE}/namespaces/{NAMESPACE}"
AWS = f"{CORE}/namespaces/{AWS_ACCESS.namespace}/secrets"
ADMISSION_API = "/apis/admissionregistration.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
OWN_RBAC = f"{RBAC}/namespaces/{NAMESPACE}"
LEASES = "/apis/coordination.k8s.io/v1/namespaces"
APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
CREDENTIALS = f"/apis/{API_VERSION}/{PLURAL}"
VALIDATING = f"{ADMISSION_API}/validatingwebhookconfigurations"
MUTATING = f"{ADMISSION_API}/mutatingwebhookconfigurations"


def row(what: str, request: str, denied: str) -> Any:
    """Name an attempt for the list of tests.

    Args:
        what: what it would be good for.
        request: as a line of HTTP.
        denied: verb and resource that the authorizer misses.
    """
    verb, resource = denied.split(" ")
    kind = "path" if resource.startswith("/") else "resource"
    attempt = Attempt(request, f'cannot {verb} {kind} "{resource}"')
    return pytest.param(attempt, id=what.replace(" ", "-"))


def posing(what: str, **headers: str) -> Any:
    """Name an attempt to ask as somebody else; how that is denied depends on Kubernetes' minor."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    attempt = Attempt(f"GET {SHOPS}", "cannot impersonate", named)
    return pytest.param(attempt, id=what.replace(" ", "-"))


def only_named(name: str) -> str:
    """Write the query that asks for objects of one name."""
    return f"fieldSelector=metadata.name%3D{name}"
