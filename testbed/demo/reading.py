"""Reads what the demo needs out of API objects."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from testbed.demo.sight import Condition, Credential, PullSecret

# Annotations of a pull secret: RFC 3339.
_EXPIRY = "expiry"
_REFRESHED_AT = "aws.zakariaamine.com/refreshed-at"


def read_pull_secret(manifest: Mapping[str, Any]) -> PullSecret:
    """Read a Secret of any content."""
    metadata = manifest["metadata"]
    annotations = metadata.get("annotations") or {}
    data = manifest.get("data") or {}
    return PullSecret(
        uid=metadata["uid"],
        created_at=datetime.fromisoformat(metadata["creationTimestamp"]),
        refreshed_at=_instant(annotations.get(_REFRESHED_AT)),
        expires_at=_instant(annotations.get(_EXPIRY)),
        docker_config=base64.b64decode(data.get(".dockerconfigjson", "")),
    )


def read_credential(manifest: Mapping[str, Any]) -> Credential:
    """Read an `AWSECRCredential`, with or without a status."""
    status = manifest.get("status") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions", ())}
    return Credential(
        name=manifest["metadata"]["name"],
        namespaces=tuple(manifest["spec"]["namespaces"]),
        served=status.get("readyNamespaces", ""),
        expires_at=_instant(status.get("expiresAt")),
        ready=_condition(conditions.get("Ready")),
        degraded=_condition(conditions.get("Degraded")),
    )


def _condition(entry: Mapping[str, str] | None) -> Condition:
    if entry is None:
        return Condition()
    return Condition(entry["status"], entry["reason"], entry["message"])


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None
