"""Which objects an informer follows, and the requests that ask for them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from ecr_secrets.kube.client import Client
from ecr_secrets.kube.decoding import Page
from ecr_secrets.kube.pace import Timing
from ecr_secrets.kube.resource import Resource

_PAGE = 500  # objects; what client-go and kubectl ask for


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The objects to follow."""

    resource: Resource
    namespace: str = ""  # "": all namespaces, also for cluster-scoped resources
    field_selector: str | None = None  # None: whatever their fields
    label_selector: str | None = None  # None: whatever their labels
    metadata_only: bool = False  # have the API server leave out all but the metadata

    async def list_page(self, client: Client, token: str, limit: int = _PAGE) -> Page:
        """Fetch the page that the `continue` token of the one before asks for; "": the first."""
        # No resourceVersion: the answer is what etcd holds now, not some server's older view.
        query = {"limit": str(limit)} | ({"continue": token} if token else {})
        return await client.list_page(
            self.resource,
            namespace=self.namespace,
            query=query | self._selectors(),
            metadata_only=self.metadata_only,
        )

    def watch(
        self, client: Client, position: str, timing: Timing
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Open a watch on everything that happened after the position, a resource version."""
        query = {
            "resourceVersion": position,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(timing.watch_seconds()),
        }
        return client.watch(
            self.resource,
            namespace=self.namespace,
            query=query | self._selectors(),
            metadata_only=self.metadata_only,
            idle_timeout=timing.idle,
        )

    def _selectors(self) -> dict[str, str]:
        selectors = {"fieldSelector": self.field_selector, "labelSelector": self.label_selector}
        return {name: selector for name, selector in selectors.items() if selector is not None}
