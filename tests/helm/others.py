"""Kinds of others that chart and manifests make objects of: Prometheus' and cert-manager's."""

import json

from testbed.control_plane import ControlPlane
from tests.helm.helm import Object

# What is in them is looked at in test_monitoring and test_templates; here they only have to exist.
_OTHERS = (
    ("monitoring.coreos.com", "ServiceMonitor", "servicemonitors"),
    ("monitoring.coreos.com", "PodMonitor", "podmonitors"),
    ("monitoring.coreos.com", "PrometheusRule", "prometheusrules"),
    ("cert-manager.io", "Issuer", "issuers"),
    ("cert-manager.io", "Certificate", "certificates"),
)


def _kind(group: str, kind: str, plural: str) -> Object:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


def make_kinds_of_others(cluster: ControlPlane) -> None:
    """Have a cluster know them."""
    made = "\n---\n".join(json.dumps(_kind(*other)) for other in _OTHERS)
    cluster.kubectl("apply", "--server-side", "--filename=-", input=made)
    names = [f"crd/{plural}.{group}" for group, _, plural in _OTHERS]
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)


def remove_kinds_of_others(cluster: ControlPlane) -> None:
    """Have it forget them."""
    names = [f"{plural}.{group}" for group, _, plural in _OTHERS]
    cluster.kubectl("delete", "crd", "--wait=false", *names)
