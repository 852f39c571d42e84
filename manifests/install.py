"""Everything `kubectl apply -f` needs: namespace, CRD, rights, their policy and the Deployment."""

from typing import Any

from ecr_secrets.core.spec import GROUP, PLURAL
from ecr_secrets.webhook.ca_secret import SECRET_NAME
from manifests.admission_policy import Confined, policy, policy_binding
from manifests.crd import crd

Manifest = dict[str, Any]

NAME = "kube-ecr-secrets-operator"
NAMESPACE = "kube-ecr-secrets"
IMAGE = f"ghcr.io/zak905/{NAME}:0.1.0"
CONFINED = Confined(namespace=NAMESPACE, account=NAME, record=SECRET_NAME)
_LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": NAME}
_WEBHOOK_PORT = 9443
_USER = 65532  # the `nonroot` of distroless images, which the Dockerfile uses as well


def install() -> list[Manifest]:
    """Return all objects, in the order they have to be created in."""
    return [
        _namespace(),
        crd(),
        _account(),
        # Before the rights, so that there is no moment without it.
        policy(CONFINED, metadata=_metadata()),
        policy_binding(policy_name=NAME, metadata=_metadata()),
        _cluster_role(),
        _cluster_binding(),
        _role(),
        _binding(),
        _service(),
        _deployment(),
    ]


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
        # The registration of the webhook, by name; `create` as above.
        _rule(
            "admissionregistration.k8s.io",
            ["validatingwebhookconfigurations"],
            ["get", "list", "watch", "create", "patch", "delete"],
            names=[NAME],
        ),
        # The role itself, whose uid makes it the owner of that registration.
        _rule("rbac.authorization.k8s.io", ["clusterroles"], ["get"], names=[NAME]),
    ]


def own_rules() -> list[Manifest]:
    """Return what the operator may do in its own namespace besides."""
    return [
        _rule("coordination.k8s.io", ["leases"], ["get", "create", "patch"], names=[NAME]),
        _rule("", ["secrets"], ["get"], names=[CONFINED.record]),
    ]


def _rule(
    group: str, resources: list[str], verbs: list[str], names: list[str] | None = None
) -> Manifest:
    named = {"resourceNames": names} if names else {}
    return {"apiGroups": [group], "resources": resources, "verbs": verbs, **named}


def _cluster_role() -> Manifest:
    return _rbac("ClusterRole", rules=rules())


def _cluster_binding() -> Manifest:
    return _rbac("ClusterRoleBinding", **_granting("ClusterRole"))


def _role() -> Manifest:
    return _rbac("Role", namespace=NAMESPACE, rules=own_rules())


def _binding() -> Manifest:
    return _rbac("RoleBinding", namespace=NAMESPACE, **_granting("Role"))


def _rbac(kind: str, *, namespace: str | None = None, **fields: Any) -> Manifest:
    metadata = _metadata(namespace=namespace) if namespace else _metadata()
    group = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": group, "kind": kind, "metadata": metadata, **fields}


def _granting(kind: str) -> Manifest:
    return {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
    }


def _service() -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(namespace=NAMESPACE),
        "spec": {
            "selector": _LABELS,
            "ports": [{"name": "webhook", "port": 443, "targetPort": "webhook"}],
        },
    }


def _deployment() -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(namespace=NAMESPACE),
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": _LABELS},
            "template": {
                "metadata": {"labels": _LABELS},
                "spec": {
                    "serviceAccountName": NAME,
                    # More than the pause before SIGTERM, --shutdown-grace-seconds and the 5 s
                    # for giving up the Lease, so that work that has begun is finished.
                    "terminationGracePeriodSeconds": 20,
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
        "args": ["run", f"--webhook-port={_WEBHOOK_PORT}"],
        "env": [
            {
                "name": "ECR_SECRETS_NAMESPACE",
                "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
            }
        ],
        "ports": [
            {"name": "metrics", "containerPort": 8080},
            {"name": "health", "containerPort": 8081},
            {"name": "webhook", "containerPort": _WEBHOOK_PORT},
        ],
        "livenessProbe": _probe("/healthz", periodSeconds=20, failureThreshold=3),
        "readinessProbe": _probe("/readyz", periodSeconds=5, failureThreshold=2),
        "startupProbe": _probe("/healthz", periodSeconds=1, failureThreshold=60),
        # The API server goes on asking until it has heard that this pod is no endpoint any more.
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
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
