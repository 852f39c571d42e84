"""When the leader looks at the webhook configuration of its own accord."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from ecr_secrets.core.objects import Manifest
from ecr_secrets.core.webhook_configuration import NAME, Owner, Registration, render_configuration
from ecr_secrets.errors import NotFoundError
from ecr_secrets.kube.decoding import Page
from ecr_secrets.webhook.registration import Registrar, Wishes
from tests.fakes.virtual_time import run_in_virtual_time

_OWNER = Owner(name="operator", uid="uid-of-role")
_HOUR = 3600  # seconds


@dataclass
class Cluster:
    """The configuration, which lists and watches show, and the owner, which they do not."""

    manifest: dict[str, Any] | None = None
    owner: Owner | None = None
    reads: int = 0
    writes: int = 0
    _events: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)

    async def list_page(self, *_: object, **__: object) -> Page:
        await asyncio.sleep(0)
        found = () if self.manifest is None else (msgspec.Raw(msgspec.json.encode(self.manifest)),)
        return Page(items=found, resource_version=str(self.writes + 1), continue_token="")

    @asynccontextmanager
    async def watch(self, *_: object, **__: object) -> AsyncIterator[AsyncIterator[bytes]]:
        yield self._said()

    async def _said(self) -> AsyncIterator[bytes]:
        while True:
            yield await self._events.get()

    async def get(self, *_: object, into: type[Any]) -> Any:
        await asyncio.sleep(0)
        self.reads += 1
        if self.manifest is None:
            raise NotFoundError("there is none")
        return msgspec.convert(self.manifest, into)

    async def apply(self, _resource: object, _key: object, manifest: Manifest, **kw: Any) -> Any:
        return await self._write(manifest, kw["into"])

    async def merge_patch(self, _resource: object, _key: object, patch: Manifest, **kw: Any) -> Any:
        assert self.manifest
        metadata = self.manifest["metadata"] | patch["metadata"]
        return await self._write({**self.manifest, **patch, "metadata": metadata}, kw["into"])

    async def _write(self, manifest: Mapping[str, Any], into: type[Any]) -> Any:
        await asyncio.sleep(0)
        self.writes += 1
        version = {"resourceVersion": str(self.writes + 1), "uid": "uid"}
        self.manifest = {**manifest, "metadata": {**manifest["metadata"], **version}}
        event = {"type": "MODIFIED", "object": self.manifest}
        self._events.put_nowait(msgspec.json.encode(event))
        return msgspec.convert(msgspec.to_builtins(self.manifest), into)

    def owners(self) -> list[str]:
        """Name what the configuration is collected with."""
        found = (self.manifest or {"metadata": {}})["metadata"].get("ownerReferences", [])
        return [each["uid"] for each in found]

    async def render(self, names: frozenset[str], bundle: bytes) -> Manifest:
        """Build what the leader wishes for, with the owner of the moment."""
        await asyncio.sleep(0)
        registration = Registration(
            endpoint="https://127.0.0.1:1",
            ca_bundle=bundle,
            secret_names=names,
            namespace="operators",
            owner=self.owner,
        )
        return render_configuration(registration)


@asynccontextmanager
async def _led(cluster: Cluster) -> AsyncIterator[None]:
    """Have a leader look after the configuration, and be done with what there is to do."""

    async def bundle_for(_current: bytes | None) -> bytes:
        await asyncio.sleep(0)
        return b"PEM"

    registrar = Registrar(
        cast("Any", cluster),
        NAME,
        leading=lambda: True,
        changed=lambda: None,
        healed=lambda _: None,
    )
    wishes = Wishes(lambda: frozenset({"ecr-login"}), bundle_for, cluster.render)
    running = asyncio.create_task(registrar.run(wishes))
    await asyncio.sleep(10)
    yield
    running.cancel()
    await asyncio.wait([running])


def test_an_owner_that_shows_up_late_is_added_within_a_minute() -> None:
    """No watch tells of it, and without it uninstalling would leave the configuration behind."""

    async def scenario() -> tuple[list[str], list[str], int]:
        cluster = Cluster()
        async with _led(cluster):
            before = cluster.owners()
            cluster.owner = _OWNER
            await asyncio.sleep(60)
        return before, cluster.owners(), cluster.writes

    assert run_in_virtual_time(scenario()) == ([], [_OWNER.uid], 2)


def test_without_an_owner_it_is_looked_for_and_nothing_is_written() -> None:
    """There may never be one: it costs a look each half minute."""

    async def scenario() -> tuple[int, int]:
        cluster = Cluster()
        async with _led(cluster):
            reads = cluster.reads
            await asyncio.sleep(_HOUR)
        return cluster.reads - reads, cluster.writes

    assert run_in_virtual_time(scenario()) == (_HOUR // 30, 1)


def test_what_is_as_it_should_be_is_not_even_read() -> None:
    """The watch tells of every change: a leader at rest asks for nothing."""

    async def scenario() -> tuple[int, int]:
        cluster = Cluster(owner=_OWNER)
        async with _led(cluster):
            reads = cluster.reads
            await asyncio.sleep(_HOUR)
        return cluster.reads - reads, cluster.writes

    assert run_in_virtual_time(scenario()) == (0, 1)
