"""The original operator as it is found in a cluster: its chart 0.1.0, rebuilt from what is known.

Its two cert-manager objects are left out, for their kinds would have to be there. Nobody runs its
pods here, so its webhooks fail, which is how they stop a cluster.
"""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from ecr_secrets.core.spec import API_VERSION, GROUP, KIND, PLURAL
from testbed.aws.iam import ACCOUNT
from testbed.aws.wire import utc_now
from tests.cluster.api import Object
from tests.cluster.aws_thread import AwsThread
from tests.cluster.stage import DATA_KEY, HOST, REGION

MUTATING = "ecr-operator-mutating-webhook-configuration"
VALIDATING = "ecr-operator-validating-webhook-configuration"

_LIFE = timedelta(hours=12)  # fixed by ECR
_PODS = {"control-plane": "controller-manager"}
_WORKER = "ecr-operator-controller-manager"
_ROLE = "ecr-operator-manager-role"
_SERVICE = "ecr-operator-webhook-service"
_NAME = {"type": "string", "minLength": 1, "maxLength": 253}
_SPEC = {
    "awsAccess": {
        "type": "object",
        "properties": {"namespace": {"type": "string", "default": "default"}, "secretName": _NAME},
    },
    "namespaces": {"type": "array", "minItems": 1, "items": {"type": "string"}},
    "secretName": _NAME,
}


def crd() -> Object:
    """Return its CRD: no status, no columns, no short name."""
    properties = {"spec": {"type": "object", "properties": _SPEC}}
    version = {
        "name": "v1alpha1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
    }
    names = {
        "kind": KIND,
        "listKind": f"{KIND}List",
        "plural": PLURAL,
        "singular": KIND.lower(),
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Cluster", "names": names, "versions": [version]},
    }


def write_chart(folder: Path, namespace: str) -> Path:
    """Write its chart, with its fixed names, for a namespace."""
    chart = folder / "original"
    (chart / "crds").mkdir(parents=True, exist_ok=True)
    (chart / "templates").mkdir(exist_ok=True)
    head = {"apiVersion": "v2", "name": "kube-ecr-secrets-operator", "version": "0.1.0"}
    (chart / "Chart.yaml").write_text(yaml.safe_dump(head))
    (chart / "crds" / "crd.yaml").write_text(yaml.safe_dump(crd()))
    objects = [*_rights(namespace), *_workload(), *_webhooks(namespace)]
    (chart / "templates" / "all.yaml").write_text(yaml.safe_dump_all(objects))
    return chart


def pull_secret(aws: AwsThread, namespace: str, *, owner: Object, life: timedelta) -> Object:
    """Return a Secret as it makes them, of a token with so much life left: no label of any kind.

    Args:
        aws: issues the token.
        namespace: where it stands.
        owner: the `AWSECRCredential`.
        life: negative if the token has expired.
    """
    issued = utc_now() + life - _LIFE
    token = aws.ask(lambda fake: fake.tokens.issue(ACCOUNT, REGION, now=issued))
    entry = {"username": "AWS", "password": token.password, "auth": token.authorization_token}
    reference = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {
            "name": "ecr-login",
            "namespace": namespace,
            "annotations": {"expiry": token.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ")},
            "ownerReferences": [reference],
        },
        "data": {DATA_KEY: encoded({HOST: entry})},
    }


def encoded(auths: dict[str, dict[str, str]]) -> str:
    """Return the content of a pull secret as a Secret holds it."""
    return base64.b64encode(json.dumps({"auths": auths}).encode()).decode()


def _rights(namespace: str) -> list[Object]:
    api = "rbac.authorization.k8s.io"
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _WORKER}},
        {
            "apiVersion": f"{api}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": _ROLE},
            "rules": [
                {"apiGroups": [""], "resources": ["secrets"], "verbs": verbs},
                {"apiGroups": [GROUP], "resources": [PLURAL], "verbs": verbs},
            ],
        },
        {
            "apiVersion": f"{api}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "ecr-operator-manager-rolebinding"},
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": _ROLE},
            "subjects": [{"kind": "ServiceAccount", "name": _WORKER, "namespace": namespace}],
        },
    ]


def _workload() -> list[Object]:
    image = "ghcr.io/zak905/kube-ecr-secrets-operator/controller-manager:latest"
    pod = {
        "metadata": {"labels": _PODS},
        "spec": {
            "serviceAccountName": _WORKER,
            "containers": [{"name": "manager", "image": image, "command": ["/manager"]}],
        },
    }
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": _WORKER, "labels": _PODS},
            "spec": {"replicas": 1, "selector": {"matchLabels": _PODS}, "template": pod},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": _SERVICE},
            "spec": {"ports": [{"port": 443, "targetPort": 9443}], "selector": _PODS},
        },
    ]


def _webhooks(namespace: str) -> list[Object]:
    its_own = {"key": "control-plane", "values": ["controller-manager"]}
    others = {"matchExpressions": [{**its_own, "operator": "NotIn"}]}
    pods = _hook("pod", "mutate-v1-pod", ("", "pods", "CREATE", "UPDATE"), namespace)
    secrets = _hook("secret", "validate-secret-delete", ("", "secrets", "DELETE"), namespace)
    objects = _hook(
        "ecrcredential",
        "validate-awsecrcredential",
        (GROUP, PLURAL, "CREATE", "UPDATE"),
        namespace,
    )
    return [
        _configuration("Mutating", MUTATING, [{**pods, "objectSelector": others}, secrets]),
        _configuration("Validating", VALIDATING, [objects]),
    ]


def _configuration(sort: str, name: str, hooks: list[dict[str, Any]]) -> Object:
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": f"{sort}WebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": hooks,
    }


def _hook(short: str, path: str, what: tuple[str, ...], namespace: str) -> dict[str, Any]:
    group, resource, *operations = what
    versions = ["v1alpha1"] if group else ["v1"]
    rule = {
        "apiGroups": [group],
        "apiVersions": versions,
        "resources": [resource],
        "operations": operations,
    }
    return {
        "name": f"{short}.{GROUP}",
        "admissionReviewVersions": ["v1"],  # v1beta1, which it also names, is long gone
        "clientConfig": {"service": {"name": _SERVICE, "namespace": namespace, "path": f"/{path}"}},
        "failurePolicy": "Fail",
        "sideEffects": "NoneOnDryRun",
        "rules": [rule],
    }
