"""The Secret that the bare client writes: byte for byte what the operator would write."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.bare import GUARD, NAMESPACE
from ecr_secrets.core.objects import ObjectMeta

ABSENT = '"resourceVersion":"1"'  # as the operator says that nothing may be there yet


@dataclass(frozen=True, slots=True)
class Template:
    """A pull secret of the operator, as a pattern for others."""

    secret: Mapping[str, Any] = field(repr=False)  # as the API server shows it

    def named(self, name: str) -> str:
        """Return the JSON to apply, with a gap for the namespace and one for the guard."""
        metadata = self.secret["metadata"]
        manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": name,
                "namespace": NAMESPACE,
                "{{guard}}": "",
                "labels": metadata["labels"],
                "annotations": metadata["annotations"],
                "ownerReferences": metadata["ownerReferences"],
            },
            "type": self.secret["type"],
            "data": self.secret["data"],
        }
        text = msgspec.json.encode(manifest).decode()
        assert text.count(GUARD) == 1
        return text


def guard_of(found: ObjectMeta) -> str:
    """Name the very object, in the very state, that an update is meant for."""
    guard = {"uid": found.uid, "resourceVersion": found.resource_version}
    return json.dumps(guard, separators=(",", ":"))[1:-1]
