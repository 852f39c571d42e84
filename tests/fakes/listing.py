"""An API server that is only listed and watched, and takes its time for the lists of Secrets."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec

from ecr_secrets.cli.assemble import utc_now
from ecr_secrets.controller.status_writer import CREDENTIALS
from ecr_secrets.core.credential import CredentialObject
from ecr_secrets.errors import OperatorError
from ecr_secrets.kube.decoding import Page
from ecr_secrets.kube.resource import NAMESPACES, Resource
from tests.core.builders import a_content, a_secret, a_token


class SlowLists:
    """Credentials, namespaces, and a pull secret in each of these, issued just now.

    Lists of Secrets take `seconds`; `refusals` says of which namespace they are refused ("": those
    of all namespaces). `followed` shows what Secrets are listed or watched at the moment.
    """

    def __init__(
        self, credentials: Iterable[CredentialObject], *namespaces: str, seconds: float
    ) -> None:
        self.refusals: dict[str, OperatorError] = {}
        self.followed: list[str] = []  # field selectors
        self._credentials = [_plain(each) for each in credentials]
        self._namespaces = [_named(each) for each in namespaces]
        content = a_content(a_token(issued_at=utc_now().replace(microsecond=0)))
        self._secrets = [a_secret(each, content) for each in namespaces]
        self._seconds = seconds
        self._gone: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def delete_credentials(self) -> None:
        """Have the watch tell that all credentials are gone."""
        for each in self._credentials:
            self._gone.put_nowait(each)

    async def list_page(
        self, resource: Resource, *, namespace: str = "", query: Mapping[str, str], **_: object
    ) -> Page:
        """Answer with all there is, for Secrets after a while."""
        await asyncio.sleep(0)
        if resource == CREDENTIALS:
            return _page(self._credentials)
        if resource == NAMESPACES:
            return _page(self._namespaces)
        with self._following(query):
            if namespace in self.refusals:
                raise self.refusals[namespace]
            await asyncio.sleep(self._seconds)
            return _page(filter(lambda each: _is_asked_for(each, namespace, query), self._secrets))

    @asynccontextmanager
    async def watch(
        self, resource: Resource, *, query: Mapping[str, str], **_: object
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Tell of deletions of credentials, and of nothing else."""
        with self._following(query):
            yield self._deletions() if resource == CREDENTIALS else _silence()

    @contextmanager
    def _following(self, query: Mapping[str, str]) -> Iterator[None]:
        selector = query.get("fieldSelector")
        self.followed += [selector] if selector else []
        try:
            yield
        finally:
            if selector:
                self.followed.remove(selector)

    async def _deletions(self) -> AsyncIterator[bytes]:
        while True:
            gone = await self._gone.get()
            last = {**gone, "metadata": {**gone["metadata"], "resourceVersion": "20"}}
            yield msgspec.json.encode({"type": "DELETED", "object": last})


async def _silence() -> AsyncIterator[bytes]:
    await asyncio.sleep(3600)
    yield b""


def _plain(credential: CredentialObject) -> dict[str, Any]:
    return dict(msgspec.json.decode(msgspec.json.encode(credential)))


def _named(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": "5"}}


def _is_asked_for(secret: dict[str, Any], namespace: str, query: Mapping[str, str]) -> bool:
    metadata = secret["metadata"]
    named = query["fieldSelector"] == f"metadata.name={metadata['name']}"
    return named and namespace in {"", metadata["namespace"]}


def _page(items: Iterable[Any]) -> Page:
    raws = tuple(msgspec.Raw(msgspec.json.encode(each)) for each in items)
    return Page(items=raws, resource_version="10", continue_token="")
