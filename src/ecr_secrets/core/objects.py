"""The parts of Kubernetes objects that decisions rest on, as they stand on the wire."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

Manifest: TypeAlias = Mapping[str, Any]


class ObjectKey(NamedTuple):
    """Where an object lives; printed as `namespace/name`."""

    namespace: str  # "": cluster-scoped
    name: str

    def __str__(self) -> str:
        """Write the key as people do."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class OwnerReference(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One entry of `metadata.ownerReferences`."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""


class ObjectMeta(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The fields of `metadata` that we read."""

    name: str
    namespace: str = ""  # "": cluster-scoped
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None
    deletion_timestamp: str | None = None  # None: not being deleted

    @property
    def key(self) -> ObjectKey:
        """Where the object lives."""
        return ObjectKey(self.namespace, self.name)
