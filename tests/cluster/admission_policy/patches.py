"""Changes of a pull secret, as merge patches (RFC 7386)."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from ecr_secrets.core.content import DATA_KEY, DIGEST, EXPIRY, REGISTRIES, SOURCE
from tests.cluster.api import Object

_ANNOTATIONS = {"expiry": EXPIRY, "source": SOURCE, "digest": DIGEST, "registries": REGISTRIES}


def encoded(text: str) -> str:
    """Write a value of `data`."""
    return b64encode(text.encode()).decode()


def config(text: str) -> Object:
    """Replace the docker config."""
    return {"data": {DATA_KEY: encoded(text)}}


def of_type(kind: str, **data: str) -> Object:
    """Replace type and data."""
    values = {name: encoded(text) for name, text in data.items()}
    return {"type": kind, "data": {DATA_KEY: None, **values}}


def annotated(**annotations: str | None) -> Object:
    """Replace annotations of ours, named without their prefix."""
    named = {_ANNOTATIONS[name]: text for name, text in annotations.items()}
    return {"metadata": {"annotations": named}}


def owned(*references: Object) -> Object:
    """Replace the owner references."""
    return {"metadata": {"ownerReferences": list(references)}}


def merged(manifest: Any, patch: Any) -> Any:
    """Apply a patch; None takes a field away."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(manifest) if isinstance(manifest, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result
