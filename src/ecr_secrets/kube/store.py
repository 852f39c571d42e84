"""What the watch has seen, in memory: the decoded objects of one informer, nothing else of them."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeAlias, TypeVar

import msgspec

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import OperatorError
from ecr_secrets.metrics import undecodable_objects_total

log = logging.getLogger(__name__)

T = TypeVar("T")

# Called with the key, the object before and the object after; None: absent.
OnChange: TypeAlias = Callable[[ObjectKey, T | None, T | None], None]

# What an object's content can make its decoder raise. Anything else (a missing attribute of a
# module, no memory) is not the object's fault and must not pass for it.
_UNDECODABLE = (
    msgspec.MsgspecError,
    OperatorError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)


class _Metadata(msgspec.Struct, rename="camel"):
    name: str
    namespace: str = ""
    resource_version: str = ""


class _Head(msgspec.Struct):
    metadata: _Metadata


_HEAD = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class Sighting(Generic[T]):
    """An object at one resource version."""

    key: ObjectKey
    version: str
    value: T | None  # None: it could not be decoded


class Store(Generic[T]):
    """The objects of one resource by key, told of by a callback whenever they change.

    Touched only between awaits. The callback runs after the change is made, so it sees it in
    `objects`; what it raises goes through to the caller.
    """

    def __init__(
        self, kind: str, *, decode: Callable[[msgspec.Raw], T], on_change: OnChange[T]
    ) -> None:
        """Make an empty store.

        Args:
            kind: the resource's plural, for logs and metrics.
            decode: makes the value to keep; it must not keep the raw object.
            on_change: is told of every change.
        """
        self._kind = kind
        self._decode = decode
        self._on_change = on_change
        self._objects: dict[ObjectKey, T] = {}
        self._versions: dict[ObjectKey, str] = {}
        self.objects: Mapping[ObjectKey, T] = MappingProxyType(self._objects)  # live, read-only

    def read(self, raw: msgspec.Raw) -> Sighting[T] | None:
        """Decode an object, unless it is known at this very version; changes nothing.

        An object that cannot be decoded is logged, by its key alone, and counted. None: not even
        its key could be read.
        """
        head = self.read_head(raw)
        if head is None:
            return None
        if self.knows(head.key, head.version):
            return Sighting(head.key, head.version, self._objects[head.key])
        try:
            return Sighting(head.key, head.version, self._decode(raw))
        except _UNDECODABLE as error:
            self._note_undecodable(str(head.key), error)
            return head

    def read_head(self, raw: msgspec.Raw) -> Sighting[T] | None:
        """Read an object's key and version and leave the rest alone; None: it has none."""
        try:
            metadata = _HEAD.decode(raw).metadata
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            self._note_undecodable("", error)
            return None
        return Sighting(
            ObjectKey(metadata.namespace, metadata.name), metadata.resource_version, None
        )

    def knows(self, key: ObjectKey, version: str | None) -> bool:
        """Tell whether the object is kept at this version; with None, whether it is absent."""
        return version != "" and self._versions.get(key) == version

    def put(self, sighting: Sighting[T]) -> None:
        """Take over an object as it is now; one that could not be decoded leaves the store."""
        if sighting.value is None:
            self.remove(sighting.key)
            return
        if self.knows(sighting.key, sighting.version):
            return
        before = self._objects.get(sighting.key)
        self._objects[sighting.key] = sighting.value
        self._versions[sighting.key] = sighting.version
        self._on_change(sighting.key, before, sighting.value)

    def remove(self, key: ObjectKey) -> None:
        """Take an object out, if it is there."""
        before = self._objects.pop(key, None)
        if before is None:
            return
        del self._versions[key]
        self._on_change(key, before, None)

    def replace(self, sightings: Iterable[Sighting[T]]) -> None:
        """Take over a complete list: what it lacks is gone, what it has unchanged is no news."""
        listed = {sighting.key: sighting for sighting in sightings}
        for key in self._objects.keys() - listed.keys():
            self.remove(key)
        for sighting in listed.values():
            self.put(sighting)

    def distrust_versions(self) -> None:
        """Decode every object anew when next seen: its version may come to mean something else."""
        for key in self._versions:
            self._versions[key] = ""

    def _note_undecodable(self, key: str, error: Exception) -> None:
        undecodable_objects_total.labels(resource=self._kind).inc()
        log.warning(
            "object left out: it cannot be decoded",
            extra={"resource": self._kind, "object": key, "reason": type(error).__name__},
        )
