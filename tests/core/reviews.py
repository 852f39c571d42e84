"""AdmissionReviews to be changed, and changed in ways that no API server would."""

from typing import Any

import msgspec

UID = "705ab4f5-6393-11e8-b7cc-42010a800002"


def a_review(*pull_secrets: str, namespace: str = "shop", **differs: Any) -> dict[str, Any]:
    """Build a review as the API server sends it.

    Args:
        pull_secrets: that the pod names.
        namespace: of the question.
        differs: laid over the fields of `request`; `...` takes one away.
    """
    request = {
        "uid": UID,
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "namespace": namespace,
        "operation": "CREATE",
        "userInfo": {"username": "jane", "groups": ["system:authenticated"]},
        "object": a_pod(*pull_secrets),
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        **differs,
    }
    return {
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {name: value for name, value in request.items() if value is not ...},
    }


def a_pod(*pull_secrets: str) -> dict[str, Any]:
    """Build a pod; its own namespace is not told before it is stored."""
    return {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {"generateName": "web-", "creationTimestamp": None},
        "spec": {
            "containers": [{"name": "web", "image": "example.com/web"}],
            "imagePullSecrets": [{"name": name} for name in pull_secrets],
        },
        "status": {},
    }


def a_body(*pull_secrets: str, **differs: Any) -> bytes:
    """Encode a review."""
    return msgspec.json.encode(a_review(*pull_secrets, **differs))
