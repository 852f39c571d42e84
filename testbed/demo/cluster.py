"""The administrator's hands in the demo: what is created, edited, deleted and looked at."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

from testbed.control_plane import ControlPlane
from testbed.demo.reading import read_credential, read_pull_secret
from testbed.demo.sight import Credential, PullSecret
from testbed.errors import ControlPlaneError
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT

_CREDENTIALS = "/apis/aws.zakariaamine.com/v1alpha1/awsecrcredentials"
_OPERATOR = f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}
_MERGE = "application/merge-patch+json"

_T = TypeVar("_T")


class Cluster:
    """A control plane for one event loop: its calls take turns in a thread of their own."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cluster")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown()

    async def run(self, call: Callable[[], _T]) -> _T:
        """Do something that blocks, after what was asked for before."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    # Looking.

    async def namespaces(self) -> frozenset[str]:
        """List the namespaces that are there to stay."""
        answer = await self._ask("GET", "/api/v1/namespaces")
        active = (item for item in answer["items"] if item["status"]["phase"] == "Active")
        return frozenset(item["metadata"]["name"] for item in active)

    async def pull_secrets(self, name: str) -> dict[str, PullSecret]:
        """Return the Secrets of a name, by namespace."""
        answer = await self._ask("GET", f"/api/v1/secrets?fieldSelector=metadata.name={name}")
        return {item["metadata"]["namespace"]: read_pull_secret(item) for item in answer["items"]}

    async def credential(self, name: str) -> Credential | None:
        """Return the object; None: there is none."""
        path = f"{_CREDENTIALS}/{name}"
        answer = await self.run(lambda: self._control_plane.request("GET", path))
        if answer[0] == HTTPStatus.NOT_FOUND:
            return None
        return read_credential(accepted("GET", path, answer))

    async def operator_writes(self) -> int:
        """Count what the operator has written besides its Lease, by the audit log."""
        events = await self.run(self._control_plane.audit)
        return sum(
            event.user == _OPERATOR and event.verb in _WRITES and event.resource != "leases"
            for event in events
        )

    # Changing.

    async def create_namespace(self, name: str) -> None:
        """Create a namespace."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        await self._ask("POST", "/api/v1/namespaces", body)

    async def create_secret(self, namespace: str, name: str, data: Mapping[str, str]) -> None:
        """Create an opaque Secret."""
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name},
            "stringData": dict(data),
        }
        await self._ask("POST", f"/api/v1/namespaces/{namespace}/secrets", body)

    async def create_credential(self, manifest: Mapping[str, Any]) -> None:
        """Create the object."""
        await self._ask("POST", _CREDENTIALS, manifest)

    async def ask_for_namespaces(self, credential: str, namespaces: tuple[str, ...]) -> None:
        """Change `spec.namespaces` of the object."""
        body = {"spec": {"namespaces": list(namespaces)}}
        await self._ask("PATCH", f"{_CREDENTIALS}/{credential}", body, content_type=_MERGE)

    async def set_refresh_policy(self, credential: str, policy: str) -> None:
        """Change `spec.refreshPolicy` of the object."""
        body = {"spec": {"refreshPolicy": policy}}
        await self._ask("PATCH", f"{_CREDENTIALS}/{credential}", body, content_type=_MERGE)

    async def delete_credential(self, name: str) -> None:
        """Delete the object."""
        await self._ask("DELETE", f"{_CREDENTIALS}/{name}")

    async def delete_secret(self, namespace: str, name: str) -> None:
        """Delete a Secret."""
        await self._ask("DELETE", f"/api/v1/namespaces/{namespace}/secrets/{name}")

    async def overwrite_secret(self, namespace: str, name: str, docker_config: bytes) -> None:
        """Put something else into a pull secret."""
        body = {"data": {".dockerconfigjson": base64.b64encode(docker_config).decode()}}
        path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        await self._ask("PATCH", path, body, content_type=_MERGE)

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = "application/json",
    ) -> Any:
        answer = await self.run(
            lambda: self._control_plane.request(method, path, body, content_type=content_type)
        )
        return accepted(method, path, answer)


def accepted(method: str, path: str, answer: tuple[int, Any]) -> Any:
    """Return what the API server answered to a request.

    Args:
        method: of the request.
        path: of the request.
        answer: HTTP status and body.

    Raises:
        ControlPlaneError: it refused.
    """
    status, body = answer
    if status >= HTTPStatus.BAD_REQUEST:
        reason = body["message"] if isinstance(body, dict) else body
        raise ControlPlaneError(f"{method} {path}: {status} {reason}")
    return body
