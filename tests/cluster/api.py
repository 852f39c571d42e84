"""What the administrator of a cluster does in tests: find, apply, change and delete objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecr_secrets.core.spec import API_VERSION, KIND, PLURAL
from testbed.control_plane import ControlPlane

Object = dict[str, Any]

_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_NAMESPACED = "/api/v1/namespaces/{namespace}"
_PATHS = {
    KIND: f"/apis/{API_VERSION}/{PLURAL}",
    "ConfigMap": f"{_NAMESPACED}/configmaps",
    "CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "Event": f"{_NAMESPACED}/events",
    "Namespace": "/api/v1/namespaces",
    "Pod": f"{_NAMESPACED}/pods",
    "ResourceQuota": f"{_NAMESPACED}/resourcequotas",
    "Secret": f"{_NAMESPACED}/secrets",
    "Secrets": "/api/v1/secrets",  # of all namespaces
    "ServiceAccount": f"{_NAMESPACED}/serviceaccounts",
    "ValidatingAdmissionPolicy": f"{_ADMISSION}/validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": f"{_ADMISSION}/validatingadmissionpolicybindings",
    "ValidatingWebhookConfiguration": f"{_ADMISSION}/validatingwebhookconfigurations",
}
_MERGE = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Api:
    """The API of one cluster, by kinds and names."""

    control_plane: ControlPlane

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return an object; None: it does not exist."""
        status, answer = self.control_plane.request("GET", _path(kind, name, namespace))
        if status == 404:
            return None
        return _checked(status, answer)

    def list(self, kind: str, namespace: str = "", *, query: str = "") -> list[Object]:
        """Return the objects of a kind."""
        path = _PATHS[kind].format(namespace=namespace)
        items: list[Object] = _checked(*self.control_plane.request("GET", path + query))["items"]
        return items

    def apply(self, manifest: Mapping[str, Any], *, manager: str = "tests") -> Object:
        """Apply an object on the server's side, whoever owns its fields."""
        path = _path_of(manifest) + f"?fieldManager={manager}&force=true"
        return _checked(*self.control_plane.request("PATCH", path, manifest, content_type=_APPLY))

    def create(self, manifest: Mapping[str, Any]) -> Object:
        """Create an object."""
        return _checked(*self.try_to_create(manifest))

    def try_to_create(
        self, manifest: Mapping[str, Any], *, dry_run: bool = False
    ) -> tuple[int, Any]:
        """Try to create an object; return the HTTP status and the answer."""
        metadata = manifest["metadata"]
        path = _PATHS[manifest["kind"]].format(namespace=metadata.get("namespace"))
        query = "?dryRun=All" if dry_run else ""
        return self.control_plane.request("POST", path + query, manifest)

    def merge(
        self,
        kind: str,
        name: str,
        patch: Mapping[str, Any],
        *,
        namespace: str = "",
        subresource: str = "",
    ) -> Object:
        """Merge fields into an object."""
        path = _path(kind, name, namespace) + (f"/{subresource}" if subresource else "")
        return _checked(*self.control_plane.request("PATCH", path, patch, content_type=_MERGE))

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object, if it exists."""
        status, answer = self.control_plane.request("DELETE", _path(kind, name, namespace))
        if status != 404:
            _checked(status, answer)


def _path_of(manifest: Mapping[str, Any]) -> str:
    metadata = manifest["metadata"]
    return _path(manifest["kind"], metadata["name"], metadata.get("namespace", ""))


def _path(kind: str, name: str, namespace: str) -> str:
    return f"{_PATHS[kind].format(namespace=namespace)}/{name}"


def _checked(status: int, answer: Any) -> Object:
    """Return the answer; a refusal is the test's fault."""
    assert status < 300, f"{status}: {answer}"
    found: Object = answer
    return found
