"""What the operator asks of the Kubernetes API, in its own verbs, with typed answers."""

import random as random_module
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar

import msgspec

from ecr_secrets.core.objects import Manifest, ObjectKey
from ecr_secrets.errors import RejectedError
from ecr_secrets.kube.access import ClusterAccess
from ecr_secrets.kube.call import Call
from ecr_secrets.kube.decoding import Page, decode_answer, decode_page
from ecr_secrets.kube.resource import Resource
from ecr_secrets.kube.transport import Limits, Transport

T = TypeVar("T")

_NO_QUERY: Mapping[str, str] = MappingProxyType({})
_METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


class Client:
    """A client of one cluster, open as a context manager, in one event loop.

    Every method has a deadline, `timeout`, in which it also has the patience that the API server
    asks for. All raise the errors of the Kubernetes API in `errors.py`, and besides:
    `ConfigurationError` for an exec plugin that cannot be run.
    """

    def __init__(
        self,
        access: ClusterAccess,
        *,
        timeout: timedelta = timedelta(seconds=10),
        connections: int = 32,
        user_agent: str = "kube-ecr-secrets-operator",
        random: Callable[[], float] = random_module.random,  # noqa: S311 - jitter
    ) -> None:
        """Connect to nothing yet.

        Args:
            timeout: for a whole call; of a watch, until it begins.
            connections: calls under way at the same time; watches are not counted.
            random: in [0, 1), for jitter.
        """
        limits = Limits(timeout=timeout, connections=connections)
        self._transport = Transport(access, limits, user_agent=user_agent, random=random)

    async def __aenter__(self) -> Self:
        """Open."""
        await self._transport.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self._transport.close()

    async def get(self, resource: Resource, key: ObjectKey, *, into: type[T]) -> T:
        """Return one object."""
        path = _object_path(resource, key)
        return await self._ask(
            Call(verb="get", resource=resource, about=str(key), path=path), into=into
        )

    async def list_page(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        query: Mapping[str, str] = _NO_QUERY,
        metadata_only: bool = False,
    ) -> Page:
        """Return one page of the objects, of all namespaces with "".

        Args:
            query: as in the API: `limit`, `continue`, `fieldSelector`, ...
            metadata_only: whether the objects come as `PartialObjectMetadata`.
        """
        call = Call(
            verb="list",
            resource=resource,
            about=namespace,
            path=resource.collection(_segment(namespace)),
            query=query,
            accept=_METADATA_LIST if metadata_only else "application/json",
        )
        return decode_page(await self._transport.send(call), call)

    async def create(
        self, resource: Resource, manifest: Manifest, *, namespace: str, into: type[T]
    ) -> T:
        """Create an object (POST) and return it; one that exists is a `ConflictError`."""
        call = Call(
            verb="create",
            resource=resource,
            about=namespace,
            path=resource.collection(_segment(namespace)),
            body=msgspec.json.encode(manifest),
        )
        return await self._ask(call, into=into)

    async def apply(  # noqa: PLR0913 - what a server-side apply consists of
        self,
        resource: Resource,
        key: ObjectKey,
        manifest: Manifest | bytes,
        *,
        field_manager: str,
        force: bool,
        subresource: str = "",
        into: type[T],
    ) -> T:
        """Apply an object (server-side apply) and return it; an absent one is created.

        A field that belongs to another manager is a `ConflictError` without `force`; a field that
        the API does not know is always refused.

        Args:
            manifest: as an object, or already in JSON.
        """
        body = manifest if isinstance(manifest, bytes) else msgspec.json.encode(manifest)
        call = Call(
            verb="apply",
            resource=resource,
            about=str(key),
            path=_object_path(resource, key, subresource),
            query={
                "fieldManager": field_manager,
                "force": "true" if force else "false",
                "fieldValidation": "Strict",
            },
            body=body,
            content_type="application/apply-patch+yaml",  # JSON is YAML
        )
        return await self._ask(call, into=into)

    async def merge_patch(
        self,
        resource: Resource,
        key: ObjectKey,
        patch: Manifest,
        *,
        subresource: str = "",
        into: type[T],
    ) -> T:
        """Merge fields into an object that exists, and return it (RFC 7386)."""
        call = Call(
            verb="patch",
            resource=resource,
            about=str(key),
            path=_object_path(resource, key, subresource),
            body=msgspec.json.encode(patch),
            content_type="application/merge-patch+json",
        )
        return await self._ask(call, into=into)

    async def delete(
        self, resource: Resource, key: ObjectKey, *, uid: str, resource_version: str | None = None
    ) -> None:
        """Delete this very object; another one of its name is a `ConflictError`.

        What it owns is collected afterwards, in the background.

        Args:
            resource_version: only in this state; None: in any.
        """
        preconditions = {"uid": uid}
        if resource_version is not None:
            preconditions["resourceVersion"] = resource_version
        options: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": preconditions,
            "propagationPolicy": "Background",
        }
        call = Call(
            verb="delete",
            resource=resource,
            about=str(key),
            path=_object_path(resource, key),
            body=msgspec.json.encode(options),
        )
        await self._transport.send(call)

    def watch(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        query: Mapping[str, str],
        metadata_only: bool = False,
        idle_timeout: timedelta,
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Follow changes: yields lines as they arrive, each the JSON of one watch event.

        The iterator ends when the server ends the watch. It raises `UnavailableError` when the
        answer breaks off, and when `idle_timeout` passes without a byte.

        Args:
            query: as in the API: `resourceVersion`, `timeoutSeconds`, `allowWatchBookmarks`, ...
        """
        call = Call(
            verb="watch",
            resource=resource,
            about=namespace,
            path=resource.collection(_segment(namespace)),
            query={**query, "watch": "true"},
            accept=_METADATA if metadata_only else "application/json",
        )
        return self._transport.stream(call, idle_timeout=idle_timeout)

    async def _ask(self, call: Call, *, into: type[T]) -> T:
        return decode_answer(await self._transport.send(call), call, into=into)


def _object_path(resource: Resource, key: ObjectKey, subresource: str = "") -> str:
    if not key.name:
        raise RejectedError(f"{resource.plural}: an object needs a name")
    return resource.object(ObjectKey(_segment(key.namespace), _segment(key.name)), subresource)


def _segment(name: str) -> str:
    """Return a name that is about to become part of a path, and cannot mean another path.

    Raises:
        RejectedError: it could; the API accepts no object of such a name either.
    """
    # https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#path-segment-names
    if name in {".", ".."} or any(character in name for character in "/%?#"):
        raise RejectedError(f"{name}: not a name of a Kubernetes object")
    return name
