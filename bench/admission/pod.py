"""The pod that is created: of the size and shape that a Deployment's pods have."""

from typing import Any

import msgspec

_NAME, _PULL_SECRET = "{{name}}", "{{pull-secret}}"  # stand for what differs
_PROBE = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
_POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": _NAME,
        "labels": {"app.kubernetes.io/name": "shop", "pod-template-hash": "5d4f8c7b9c"},
    },
    "spec": {
        "containers": [
            {
                "name": "shop",
                "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:1.27.3",
                "ports": [{"containerPort": 8080}],
                "env": [
                    {"name": f"SHOP_SETTING_{number}", "value": f"value-{number}"}
                    for number in range(8)
                ],
                "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
                "livenessProbe": _PROBE,
                "readinessProbe": _PROBE,
            }
        ],
        "imagePullSecrets": [{"name": _PULL_SECRET}],
    },
}
_TEMPLATE = msgspec.json.encode(_POD).decode()


def render_pod(name: str, *, pull_secret: str) -> bytes:
    """Return the JSON of a pod."""
    return _TEMPLATE.replace(_NAME, name).replace(_PULL_SECRET, pull_secret).encode()
