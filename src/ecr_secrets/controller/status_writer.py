"""Writes a credential's status, when it says something new."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from ecr_secrets.core.credential import CredentialObject
from ecr_secrets.core.objects import Manifest, ObjectKey, ObjectMeta
from ecr_secrets.core.spec import API_VERSION, GROUP, KIND, PLURAL, VERSION
from ecr_secrets.core.status import Status, parse_status
from ecr_secrets.errors import ConflictError, NotFoundError
from ecr_secrets.kube.resource import Resource

CREDENTIALS = Resource(group=GROUP, version=VERSION, plural=PLURAL, namespaced=False)
FIELD_MANAGER = "kube-ecr-secrets-operator"
# Any replica notes names, and must not take back what the leader has written meanwhile: by the
# rules of server-side apply a manager touches its own fields only.
_NAMES_MANAGER = "kube-ecr-secrets-operator-names"

_UNGUARDED: Mapping[str, str] = {}


class WritesStatus(Protocol):
    """The part of the client that writes a status."""

    async def apply(  # noqa: PLR0913 - the client's signature
        self,
        resource: Resource,
        key: ObjectKey,
        manifest: Manifest | bytes,
        *,
        field_manager: str,
        force: bool,
        subresource: str,
        into: type[CredentialObject],
    ) -> CredentialObject:
        """Apply a manifest on the server's side and return the object."""


@dataclass(frozen=True, slots=True)
class StatusWriter:
    """Knows what each status says now, our own writes included before the watch has told of them.

    State is touched only between awaits of one event loop.
    """

    client: WritesStatus
    _written: dict[str, CredentialObject] = field(default_factory=dict, init=False)  # by uid

    def read(self, manifest: CredentialObject) -> Status:
        """Return the newest status known of an object."""
        return parse_status(self._newest(manifest).status)

    async def write(self, manifest: CredentialObject, status: Status) -> None:
        """Write a status, unless it is what stands there already.

        One that was decided for another state of the object is refused, such as that of a leader
        whose request arrives when there is another one.

        Raises:
            ConflictError: the object has changed meanwhile.
            OperatorError: the API server did not take it. An object that is gone is no error.
        """
        newest = self._newest(manifest)
        if status != parse_status(newest.status):
            guard = {"resourceVersion": newest.metadata.resource_version}
            try:
                await self._apply(manifest, msgspec.to_builtins(status), FIELD_MANAGER, guard)
            except ConflictError:
                self.forget(manifest.metadata.uid)  # what we wrote is not the newest any more
                raise

    async def write_names(self, manifest: CredentialObject, names: Collection[str]) -> None:
        """Write the names under which pull secrets may stand, and leave everything else alone.

        Raises:
            OperatorError: the API server did not take it. An object that is gone is no error.
        """
        await self._apply(manifest, {"secretNames": list(names)}, _NAMES_MANAGER)

    async def _apply(
        self,
        manifest: CredentialObject,
        status: Mapping[str, Any],
        manager: str,
        guard: Mapping[str, str] = _UNGUARDED,
    ) -> None:
        metadata = manifest.metadata
        body = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": metadata.name, "uid": metadata.uid, **guard},
            "status": status,
        }
        try:
            answer = await self.client.apply(
                CREDENTIALS,
                metadata.key,
                body,
                field_manager=manager,
                force=True,
                subresource="status",
                into=CredentialObject,
            )
        except NotFoundError:
            return
        self._written[metadata.uid] = answer

    def _newest(self, manifest: CredentialObject) -> CredentialObject:
        written = self._written.get(manifest.metadata.uid)
        if written and _version(written.metadata) > _version(manifest.metadata):
            return written
        self._written.pop(manifest.metadata.uid, None)
        return manifest

    def forget(self, uid: str) -> None:
        """Drop what is known of an object that is gone."""
        self._written.pop(uid, None)


def _version(metadata: ObjectMeta) -> int:
    """Make resource versions comparable; Kubernetes defines them as growing numbers (KEP-5504)."""
    return int(metadata.resource_version) if metadata.resource_version.isdecimal() else 0
