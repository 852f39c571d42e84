"""The administrator's hands: makes and removes what is measured, many objects at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from ecr_secrets.controller.status_writer import CREDENTIALS
from ecr_secrets.core.objects import Manifest, ObjectKey, ObjectMeta
from ecr_secrets.core.spec import API_VERSION, KIND, RefreshPolicy
from ecr_secrets.errors import NotFoundError
from ecr_secrets.kube.access import load_access
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.resource import NAMESPACES, SECRETS, Resource
from ecr_secrets.webhook.configuration_writer import CONFIGURATIONS
from testbed.aws.iam import AccessKey
from testbed.control_plane import ControlPlane

REGION = "eu-west-1"
ACCESS_NAMESPACE = "default"
_AT_ONCE = 32
_PAGE = "500"  # objects
_TIMEOUT = timedelta(seconds=60)
_MANAGER = "bench"

T = TypeVar("T")


class Found(msgspec.Struct, frozen=True):
    """An object, of which only the metadata was asked for."""

    metadata: ObjectMeta


@dataclass(frozen=True, slots=True)
class Cluster:
    """What is done to the cluster between two measurements."""

    client: Client

    async def make_namespaces(self, names: Iterable[str]) -> None:
        """Create namespaces."""
        manifests = ({"metadata": {"name": name}} for name in names)
        await _each(manifests, lambda manifest: self._create(NAMESPACES, manifest))

    async def make_secrets(self, namespace: str, count: int, size: int) -> None:
        """Create Secrets that are nobody's business.

        Args:
            size: bytes of data in each.
        """
        data = {"blob": "x" * size}
        manifests = (
            {"metadata": {"name": f"unrelated-{number}"}, "stringData": data}
            for number in range(count)
        )
        await _each(manifests, lambda manifest: self._create(SECRETS, manifest, namespace))

    async def set_access(self, name: str, key: AccessKey) -> None:
        """Write the Secret with the AWS keys."""
        values = {
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
            "AWS_REGION": REGION,
        }
        manifest = {"apiVersion": "v1", "kind": "Secret", "stringData": values}
        await self._apply(SECRETS, ObjectKey(ACCESS_NAMESPACE, name), manifest)

    async def set_credential(
        self,
        name: str,
        namespaces: Collection[str],
        *,
        secret_name: str | None = None,
        refresh_policy: RefreshPolicy = "Always",
    ) -> None:
        """Write an `AWSECRCredential`; its AWS access bears its name too.

        Args:
            secret_name: of its pull secrets; None: its own.
        """
        spec = {
            "awsAccess": {"secretName": name},
            "secretName": secret_name or name,
            "namespaces": sorted(namespaces),
            "refreshPolicy": refresh_policy,
        }
        manifest = {"apiVersion": API_VERSION, "kind": KIND, "spec": spec}
        await self._apply(CREDENTIALS, ObjectKey("", name), manifest)

    async def set_webhook(self, configuration: Manifest) -> None:
        """Write a `ValidatingWebhookConfiguration`."""
        await self._apply(
            CONFIGURATIONS, ObjectKey("", configuration["metadata"]["name"]), configuration
        )

    async def remove_webhook(self, name: str) -> None:
        """Delete a `ValidatingWebhookConfiguration`."""
        found = await self.client.get(CONFIGURATIONS, ObjectKey("", name), into=Found)
        await self._delete(CONFIGURATIONS, found.metadata)

    async def secret(self, key: ObjectKey) -> dict[str, Any]:
        """Return a Secret."""
        found: dict[str, Any] = await self.client.get(SECRETS, key, into=dict)
        return found

    async def secrets(self, name: str) -> list[ObjectMeta]:
        """List the Secrets of a name in all namespaces."""
        found: list[ObjectMeta] = []
        query = {"fieldSelector": f"metadata.name={name}", "limit": _PAGE}
        while True:
            page = await self.client.list_page(SECRETS, query=query, metadata_only=True)
            found += [msgspec.json.decode(item, type=Found).metadata for item in page.items]
            if not page.continue_token:
                return found
            query["continue"] = page.continue_token

    async def remove(self, name: str) -> None:
        """Delete a credential, if it exists, and all Secrets of its name."""
        await _each(await self.secrets(name), lambda found: self._delete(SECRETS, found))
        await self.remove_credentials([name])

    async def remove_credentials(self, names: Iterable[str]) -> None:
        """Delete credentials, those that exist."""
        await _each(names, self._remove_credential)

    async def _remove_credential(self, name: str) -> None:
        try:
            found = await self.client.get(CREDENTIALS, ObjectKey("", name), into=Found)
        except NotFoundError:
            return
        await self._delete(CREDENTIALS, found.metadata)

    async def _create(self, resource: Resource, manifest: Manifest, namespace: str = "") -> None:
        await self.client.create(resource, manifest, namespace=namespace, into=msgspec.Raw)

    async def _apply(self, resource: Resource, key: ObjectKey, manifest: Manifest) -> None:
        await self.client.apply(
            resource,
            key,
            {**manifest, "metadata": {"name": key.name}},
            field_manager=_MANAGER,
            force=True,
            into=msgspec.Raw,
        )

    async def _delete(self, resource: Resource, found: ObjectMeta) -> None:
        try:
            await self.client.delete(resource, found.key, uid=found.uid)
        except NotFoundError:
            return  # the garbage collector was faster


@asynccontextmanager
async def administered(control_plane: ControlPlane) -> AsyncIterator[Cluster]:
    """Reach a control plane as its administrator."""
    access = await load_access(kubeconfig=str(control_plane.kubeconfig), context=None, environ={})
    async with Client(access, timeout=_TIMEOUT, connections=_AT_ONCE) as client:
        yield Cluster(client)


async def _each(items: Iterable[T], call: Callable[[T], Awaitable[None]]) -> None:
    """Do something with every item, with a bounded number under way."""
    left = iter(items)

    async def work() -> None:
        for item in left:
            await call(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(work())
