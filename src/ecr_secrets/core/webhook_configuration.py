"""The ValidatingWebhookConfiguration: which pods the API server asks about, and whom.

A safety net that cannot hurt: failures are ignored, the answer is waited for two seconds at most,
and only pods that name a managed pull secret are asked about.
"""

from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ecr_secrets.core.objects import Manifest

NAME = "kube-ecr-secrets-operator"
WEBHOOK = "pods.aws.zakariaamine.com"
PATH = "/validate-pods"
TIMEOUT_SECONDS = 2
# An expression over more names than this would cost the API server more than asking us.
MAX_NAMES = 200

_NOT_MIRROR = (
    "!has(object.metadata.annotations) || "
    "!('kubernetes.io/config.mirror' in object.metadata.annotations)"
)
# Image pull secrets cannot change after creation; what an update can bring is another image.
# Ephemeral containers are the only ones that can be added, by an update of their own subresource.
_IMAGE_CHANGED = (
    "request.operation == 'CREATE' || "
    "object.spec.containers.map(c, c.image) != oldObject.spec.containers.map(c, c.image) || "
    "(has(object.spec.initContainers) && object.spec.initContainers.map(c, c.image) != "
    "oldObject.spec.initContainers.map(c, c.image)) || "
    "(has(object.spec.ephemeralContainers) && (!has(oldObject.spec.ephemeralContainers) || "
    "object.spec.ephemeralContainers.map(c, c.image) != "
    "oldObject.spec.ephemeralContainers.map(c, c.image)))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEndpoint:
    """The webhook behind a Service of the cluster."""

    namespace: str
    name: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The ClusterRole that the configuration is collected with."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Everything the configuration depends on."""

    name: str = NAME  # of the configuration
    endpoint: ServiceEndpoint | str  # a Service, or the URL of a process outside the cluster
    ca_bundle: bytes  # PEM
    secret_names: frozenset[str]  # of managed pull secrets; empty: nothing to register
    namespace: str  # the operator's own, which is left alone
    owner: Owner | None  # None: nobody collects it


def render_configuration(registration: Registration) -> Manifest:
    """Build the configuration to apply."""
    metadata: dict[str, Any] = {"name": registration.name}
    if registration.owner:
        metadata["ownerReferences"] = [
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "name": registration.owner.name,
                "uid": registration.owner.uid,
            }
        ]
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": metadata,
        "webhooks": [
            {
                "name": WEBHOOK,
                "clientConfig": _client_config(registration),
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "resources": ["pods", "pods/ephemeralcontainers"],
                        "operations": ["CREATE", "UPDATE"],
                        "scope": "Namespaced",
                    }
                ],
                "namespaceSelector": {
                    "matchExpressions": [
                        {
                            "key": "kubernetes.io/metadata.name",
                            "operator": "NotIn",
                            "values": sorted({"kube-system", registration.namespace}),
                        }
                    ]
                },
                "objectSelector": {},
                "matchConditions": _conditions(registration.secret_names),
                "matchPolicy": "Equivalent",
                "failurePolicy": "Ignore",
                "sideEffects": "NoneOnDryRun",
                "timeoutSeconds": TIMEOUT_SECONDS,
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


def _client_config(registration: Registration) -> dict[str, Any]:
    bundle = {"caBundle": b64encode(registration.ca_bundle).decode()}
    endpoint = registration.endpoint
    if isinstance(endpoint, str):
        return bundle | {"url": endpoint.rstrip("/") + PATH}
    service = {
        "namespace": endpoint.namespace,
        "name": endpoint.name,
        "port": endpoint.port,
        "path": PATH,
    }
    return bundle | {"service": service}


def _conditions(names: Collection[str]) -> list[dict[str, str]]:
    conditions = {"not-a-mirror-pod": _NOT_MIRROR, "new-or-another-image": _IMAGE_CHANGED}
    if len(names) <= MAX_NAMES:
        # Names are checked against the schema's pattern, so none can end the string it stands in.
        listed = ", ".join(f"'{name}'" for name in sorted(names))
        conditions["names-a-managed-secret"] = (
            "has(object.spec.imagePullSecrets) && object.spec.imagePullSecrets.exists("
            f"s, has(s.name) && s.name in [{listed}])"
        )
    return [{"name": name, "expression": rule} for name, rule in conditions.items()]
