"""Which kind of object a request is about, and the path it has in the API."""

from dataclasses import dataclass

from ecr_secrets.core.objects import ObjectKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource of the Kubernetes API."""

    group: str  # "": the core group
    version: str
    plural: str
    namespaced: bool = True

    def collection(self, namespace: str = "") -> str:
        """Path of all objects; of one namespace, or of all with "" (also cluster-scoped kinds)."""
        root = f"/apis/{self.group}" if self.group else "/api"
        scope = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}/{self.version}{scope}/{self.plural}"

    def object(self, key: ObjectKey, subresource: str = "") -> str:
        """Path of one object, or of its subresource, such as `status`."""
        path = f"{self.collection(key.namespace)}/{key.name}"
        return f"{path}/{subresource}" if subresource else path


NAMESPACES = Resource(group="", version="v1", plural="namespaces", namespaced=False)
SECRETS = Resource(group="", version="v1", plural="secrets")
EVENTS = Resource(group="", version="v1", plural="events")
LEASES = Resource(group="coordination.k8s.io", version="v1", plural="leases")
