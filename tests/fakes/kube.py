"""The few parts of the API server that the controller writes to, in memory."""

import asyncio
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import msgspec

from ecr_secrets.core.content import DATA_KEY
from ecr_secrets.core.credential import CredentialObject
from ecr_secrets.core.objects import Manifest, ObjectKey
from ecr_secrets.errors import ConflictError, NotFoundError, OperatorError
from ecr_secrets.kube.resource import Resource


class FakeKube:
    """Secrets and statuses; every call yields, so that concurrent callers really meet."""

    def __init__(self) -> None:
        self.secrets: dict[ObjectKey, dict[str, Any]] = {}
        self.statuses: dict[str, Mapping[str, Any]] = {}
        self.refusals: dict[str, OperatorError] = {}  # by namespace; "": a status
        self.bugs: dict[str, Exception] = {}  # by namespace: what no API server answers
        self.hangs: dict[str, asyncio.Event] = {}  # by namespace: until when
        self.writes: list[ObjectKey] = []  # attempts, in their order
        self._applied: dict[tuple[str, str], Manifest] = {}  # statuses, by object and manager
        self._versions: dict[str, str] = {}  # of statuses
        self._version = 100

    async def apply(
        self,
        resource: Resource,
        key: ObjectKey,
        manifest: Manifest | bytes,
        *,
        field_manager: str,
        force: bool,
        subresource: str = "",
        into: type[Any],
    ) -> Any:
        """Put an object in place, if it is the one that is meant."""
        assert isinstance(manifest, Mapping)
        await self._pass(key)
        self._version += 1
        if subresource == "status":
            if key.name not in self.statuses:
                raise NotFoundError(f"awsecrcredentials {key}: not found")
            known = self._versions.get(key.name)
            if known and manifest["metadata"].get("resourceVersion", known) != known:
                raise ConflictError(f"awsecrcredentials {key}: changed meanwhile")
            self._versions[key.name] = str(self._version)
            before = self._applied.get((key.name, field_manager), {})
            others = {
                name: value for name, value in self.statuses[key.name].items() if name not in before
            }
            self._applied[key.name, field_manager] = manifest["status"]
            self.statuses[key.name] = {**others, **manifest["status"]}
            answer = {
                "metadata": {**manifest["metadata"], "resourceVersion": str(self._version)},
                "status": self.statuses[key.name],
            }
            return msgspec.convert(_raw_fields(answer), CredentialObject)
        self._check(key, manifest["metadata"])
        metadata = {
            **manifest["metadata"],
            "resourceVersion": str(self._version),
            "uid": f"uid-of-{key}",
        }
        self.secrets[key] = {**manifest, "metadata": metadata}
        return msgspec.Raw(msgspec.json.encode(self.secrets[key]))

    async def delete(
        self, resource: Resource, key: ObjectKey, *, uid: str, resource_version: str | None = None
    ) -> None:
        """Take an object away, if it is the one that is meant."""
        await self._pass(key)
        if key not in self.secrets:
            raise NotFoundError(f"secrets {key}: not found")
        self._check(key, {"uid": uid, "resourceVersion": resource_version})
        del self.secrets[key]

    def content(self, namespace: str, name: str = "ecr-login") -> bytes:
        """Return what the pull secret of a namespace holds."""
        return b64decode(self.secrets[ObjectKey(namespace, name)]["data"][DATA_KEY])

    async def _pass(self, key: ObjectKey) -> None:
        self.writes.append(key)
        await asyncio.sleep(0)
        if key.namespace in self.hangs:
            await self.hangs[key.namespace].wait()
        if key.namespace in self.bugs:
            raise self.bugs[key.namespace]
        if key.namespace in self.refusals:
            raise self.refusals[key.namespace]

    def _check(self, key: ObjectKey, meant: Mapping[str, Any]) -> None:
        found = self.secrets.get(key)
        if found and found["metadata"]["resourceVersion"] != meant["resourceVersion"]:
            raise ConflictError(f"secrets {key}: changed meanwhile")


def _raw_fields(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value if name == "metadata" else msgspec.Raw(msgspec.json.encode(value))
        for name, value in answer.items()
    }
