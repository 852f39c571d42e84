"""Everything `kubectl apply -f` needs: namespace, CRD, rights and the Deployment."""

from typing import Any

from ecr_secrets.core.spec import GROUP, PLURAL
from manifests.crd import crd

Manifest = dict[str, Any]

NAME = "kube-ecr-secrets-operator"
NAMESPACE = "kube-ecr-secrets"
IMAGE = f"ghcr.io/zak905/{NAME}:0.1.0"
_LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": NAME}
_USER = 65532  # the `nonroot` of distroless images, which the Dockerfile uses as well


def install() -> list[Manifest]:
    """Return all objects, in the order they have to be created in."""
    return [_namespace(), crd(), _account(), _role(), _binding(), _deployment()]


def _metadata(**more: Any) -> Manifest:
    return {"name": NAME, "labels": _LABELS, **more}


def _namespace() -> Manifest:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": NAMESPACE, "labels": labels | _LABELS}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _account() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(namespace=NAMESPACE),
    }


def rules() -> list[Manifest]:
    """Return what the operator may do; the cluster tests hold it against what it does."""
    return [
        # Pull secrets of any name, in any namespace; `create` is what an apply of a new one needs.
        _rule("", ["secrets"], ["list", "watch", "create", "patch", "delete"]),
        _rule("", ["namespaces"], ["list", "watch"]),
        _rule(GROUP, [PLURAL], ["list", "watch"]),
        _rule(GROUP, [f"{PLURAL}/status"], ["patch"]),
        _rule("", ["events"], ["create", "patch"]),
    ]


def _rule(group: str, resources: list[str], verbs: list[str]) -> Manifest:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _role() -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": _metadata(),
        "rules": rules(),
    }


def _binding() -> Manifest:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": _metadata(),
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": NAME,
        },
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }


def _deployment() -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(namespace=NAMESPACE),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": _LABELS},
            "template": {
                "metadata": {"labels": _LABELS},
                "spec": {
                    "serviceAccountName": NAME,
                    # More than --shutdown-grace-seconds, so that work that has begun is finished.
                    "terminationGracePeriodSeconds": 15,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": _USER,
                        "runAsGroup": _USER,
                        "fsGroup": _USER,  # lets the identity token of IRSA be read
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [_container()],
                },
            },
        },
    }


def _container() -> Manifest:
    return {
        "name": "operator",
        "image": IMAGE,
        "args": ["run"],
        "env": [
            {
                "name": "ECR_SECRETS_NAMESPACE",
                "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
            }
        ],
        "ports": [
            {"name": "metrics", "containerPort": 8080},
            {"name": "health", "containerPort": 8081},
        ],
        "livenessProbe": _probe("/healthz", periodSeconds=20, failureThreshold=3),
        "readinessProbe": _probe("/readyz", periodSeconds=5, failureThreshold=2),
        "startupProbe": _probe("/healthz", periodSeconds=1, failureThreshold=60),
        "resources": {
            "requests": {"cpu": "20m", "memory": "96Mi"},
            "limits": {"memory": "128Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _probe(path: str, **timing: int) -> Manifest:
    return {"httpGet": {"path": path, "port": "health"}, "timeoutSeconds": 3, **timing}
