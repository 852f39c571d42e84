"""Reads and writes the one Lease of an election, never over a change that we have not seen."""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from ecr_secrets.core.objects import Manifest, ObjectKey
from ecr_secrets.errors import NotFoundError
from ecr_secrets.kube.lease import Lease, LeaseSpec
from ecr_secrets.kube.resource import LEASES, Resource

_FIELD_MANAGER = "leader-election"
# An apply with a resource version that no live object can have creates an absent object and is
# refused (409) where one exists. Unlike a POST, it obeys RBAC `resourceNames`.
_ABSENT = "1"


class SpeaksLease(Protocol):
    """The part of the client that reads and writes a Lease."""

    async def get(self, resource: Resource, key: ObjectKey, *, into: type[Lease]) -> Lease:
        """Return the object."""

    async def apply(  # noqa: PLR0913 - the client's signature
        self,
        resource: Resource,
        key: ObjectKey,
        manifest: Manifest | bytes,
        *,
        field_manager: str,
        force: bool,
        into: type[Lease],
    ) -> Lease:
        """Apply a manifest on the server's side and return the object."""

    async def merge_patch(
        self, resource: Resource, key: ObjectKey, patch: Manifest, *, into: type[Lease]
    ) -> Lease:
        """Merge fields into the object and return it."""


@dataclass(frozen=True, slots=True)
class LeaseObject:
    """The Lease in the cluster. Its methods raise the errors of the Kubernetes API."""

    client: SpeaksLease
    key: ObjectKey

    async def read(self) -> Lease | None:
        """Return what stands there; None: nothing does."""
        try:
            return await self.client.get(LEASES, self.key, into=Lease)
        except NotFoundError:
            return None

    async def write(self, found: Lease | None, spec: LeaseSpec) -> Lease:
        """Write, if nothing has changed since, and return what stands there then.

        Args:
            found: what the write was decided for. None: there is none, and one is created.
            spec: what it is to say.

        Raises:
            ConflictError: somebody else was faster.
            NotFoundError: it was deleted meanwhile, or there is no such namespace.
            OperatorError: any other failure; the write may have happened, or may do so later.
        """
        if found is None:
            return await self._create(spec)
        meant = {"uid": found.metadata.uid, "resourceVersion": found.metadata.resource_version}
        patch = {"metadata": meant, "spec": msgspec.to_builtins(spec)}
        return await self.client.merge_patch(LEASES, self.key, patch, into=Lease)

    async def _create(self, spec: LeaseSpec) -> Lease:
        manifest = {
            "apiVersion": f"{LEASES.group}/{LEASES.version}",
            "kind": "Lease",
            "metadata": {
                "namespace": self.key.namespace,
                "name": self.key.name,
                "resourceVersion": _ABSENT,
            },
            "spec": msgspec.to_builtins(spec),
        }
        return await self.client.apply(
            LEASES, self.key, manifest, field_manager=_FIELD_MANAGER, force=False, into=Lease
        )
