"""The pod that is applied, and whether it runs."""

import json
from typing import Any

import msgspec

from ecr_secrets.kube.resource import Resource

PODS = Resource(group="", version="v1", plural="pods")


def render_pod(name: str, *, image: str, pull_secret: str) -> str:
    """Return the JSON of a pod."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name},
            "spec": {
                "containers": [{"name": "shop", "image": image}],
                "imagePullSecrets": [{"name": pull_secret}],
                "terminationGracePeriodSeconds": 1,
                "automountServiceAccountToken": False,
            },
        }
    )


class _State(msgspec.Struct):
    running: dict[str, Any] | None = None


class _Container(msgspec.Struct):
    state: _State


class _Status(msgspec.Struct, rename="camel"):
    container_statuses: list[_Container] = msgspec.field(default_factory=list)


class _Pod(msgspec.Struct):
    status: _Status


_POD = msgspec.json.Decoder(_Pod)


def is_running(pod: bytes | msgspec.Raw) -> bool:
    """Tell whether every container of a pod runs, from its JSON."""
    containers = _POD.decode(pod).status.container_statuses
    return bool(containers) and all(each.state.running is not None for each in containers)
