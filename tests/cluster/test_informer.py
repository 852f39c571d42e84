"""The informer against a real API server, and what can befall one.

The informer reaches it through a relay, so that the API server can be away for the informer while
the test goes on changing things.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import NotFoundError
from ecr_secrets.kube.access import load_access
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.informer import Informer
from ecr_secrets.kube.pace import Timing
from ecr_secrets.kube.resource import Resource
from ecr_secrets.kube.selection import Selection
from ecr_secrets.metrics import REGISTRY
from testbed.control_plane import ControlPlane
from tests.fakes.eventually import eventually
from tests.fakes.relay import Relay, relay
from tests.fakes.scripted_watch import running_in_background

CONFIG_MAPS = Resource(group="", version="v1", plural="configmaps")
GADGETS = Resource(group="informer.example.com", version="v1", plural="gadgets")

# A watch without an event for this long is replaced; that alone is no reason to list.
_QUICK = Timing(idle=timedelta(seconds=3), healthy=timedelta(seconds=2), cap=timedelta(seconds=1))

_numbers = itertools.count(1)


class ConfigMap(msgspec.Struct, frozen=True):
    """What the tests keep of a ConfigMap."""

    data: dict[str, str] = {}


@pytest.fixture(scope="module")
def own_control_plane() -> Iterator[ControlPlane]:
    """A control plane that these tests may break."""
    with ControlPlane() as started:
        yield started


@dataclass(frozen=True, slots=True)
class Shop:
    """A namespace of its own, changed as anyone but the informer would."""

    control_plane: ControlPlane
    namespace: str

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> None:
        """Send a request that must succeed."""
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        status, answer = await asyncio.to_thread(
            self.control_plane.request, method, path, body, content_type=kind
        )
        assert status < 300, answer

    async def create(self, name: str, color: str = "red") -> None:
        """Create a ConfigMap."""
        await self.ask("POST", self._path, {"metadata": {"name": name}, "data": {"color": color}})

    async def paint(self, name: str, color: str) -> None:
        """Change a ConfigMap."""
        await self.ask("PATCH", f"{self._path}/{name}", {"data": {"color": color}})

    async def delete(self, name: str) -> None:
        """Delete a ConfigMap."""
        await self.ask("DELETE", f"{self._path}/{name}")

    @property
    def _path(self) -> str:
        return CONFIG_MAPS.collection(self.namespace)


@pytest.fixture
async def shop(own_control_plane: ControlPlane) -> Shop:
    """A namespace in which nothing happens but what the test does."""
    shop = Shop(own_control_plane, f"informer-{next(_numbers)}")
    await shop.ask("POST", "/api/v1/namespaces", {"metadata": {"name": shop.namespace}})
    return shop


class Follower:
    """An informer of the shop's ConfigMaps, and the relay it depends on."""

    def __init__(self, client: Client, relay: Relay, shop: Shop) -> None:
        self.relay = relay
        self.told: list[tuple[str, str | None, str | None]] = []  # name, color before, color after
        self.informer = Informer(
            client,
            Selection(
                resource=CONFIG_MAPS,
                namespace=shop.namespace,
                field_selector="metadata.name!=kube-root-ca.crt",
            ),
            decode=msgspec.json.Decoder(ConfigMap).decode,
            on_change=self._note,
            timing=_QUICK,
        )

    @property
    def colors(self) -> dict[str, str | None]:
        """The store, in short."""
        return {key.name: config.data.get("color") for key, config in self.informer.store.items()}

    async def sees(self, **colors: str) -> None:
        """Wait until the store is exactly this."""
        await eventually(lambda: self.colors == colors, within=30)

    def _note(self, key: ObjectKey, before: ConfigMap | None, after: ConfigMap | None) -> None:
        self.told.append((key.name, _color(before), _color(after)))


def _color(config: ConfigMap | None) -> str | None:
    return config.data.get("color") if config else None


@asynccontextmanager
async def a_client(control_plane: ControlPlane, port: int | None = None) -> AsyncIterator[Client]:
    """Open an administrator's client, through another port if one is given."""
    access = await load_access(kubeconfig=str(control_plane.kubeconfig), context=None, environ={})
    if port is not None:
        access = replace(access, server=f"https://127.0.0.1:{port}")
    async with Client(access, timeout=timedelta(seconds=3)) as client:
        yield client


@asynccontextmanager
async def following(shop: Shop) -> AsyncIterator[Follower]:
    """Run an informer of the shop's ConfigMaps."""
    port = urlsplit(shop.control_plane.url).port
    assert port is not None
    async with relay(port) as way, a_client(shop.control_plane, way.port) as client:
        follower = Follower(client, way, shop)
        async with running_in_background(follower.informer.run()):
            await asyncio.wait_for(follower.informer.wait_synced(), 30)
            yield follower


async def test_changes_are_seen(shop: Shop) -> None:
    """What was there, what comes, what changes and what goes: each is told once."""
    await shop.create("a")

    async with following(shop) as follower:
        await shop.create("b")
        await shop.paint("a", "blue")
        await shop.delete("b")
        await follower.sees(a="blue")

        assert follower.told == [
            ("a", None, "red"),
            ("b", None, "red"),
            ("a", "red", "blue"),
            ("b", "red", None),
        ]


async def test_a_collection_of_several_pages(shop: Shop) -> None:
    """A list that comes in pages is complete."""
    names = [f"c{number}" for number in range(501)]  # a page holds 500
    await asyncio.to_thread(_create_all, shop, names)

    async with following(shop) as follower:
        assert follower.colors == dict.fromkeys(names, "red")


def _create_all(shop: Shop, names: list[str]) -> None:
    for name in names:
        path = CONFIG_MAPS.collection(shop.namespace)
        body = {"metadata": {"name": name}, "data": {"color": "red"}}
        assert shop.control_plane.request("POST", path, body)[0] == 201


async def test_a_killed_api_server_costs_no_change(shop: Shop) -> None:
    """After a crash of the API server everything is seen that happened before, during and after."""
    for name in ("kept", "changed", "deleted"):
        await shop.create(name)

    async with following(shop) as follower:
        await shop.paint("changed", "blue")
        await asyncio.to_thread(shop.control_plane.kill_api_server)
        await follower.relay.close()
        await asyncio.to_thread(shop.control_plane.start_api_server)
        await shop.delete("deleted")
        await shop.paint("changed", "green")
        await follower.relay.open()
        await follower.sees(kept="red", changed="green")
        await shop.create("after")
        await follower.sees(kept="red", changed="green", after="red")

        assert ("deleted", "red", None) in follower.told
        assert follower.told.count(("kept", None, "red")) == 1


async def test_a_position_that_is_gone_is_replaced_by_a_list(shop: Shop) -> None:
    """When the API server remembers too little (410), deletions are found by comparing lists."""
    for name in ("kept", "changed", "deleted"):
        await shop.create(name)

    async with following(shop) as follower:
        before = restarts("Gone")
        await follower.relay.close()
        await shop.delete("deleted")
        await shop.paint("changed", "blue")
        await asyncio.to_thread(shop.control_plane.expire_resource_versions)
        await follower.relay.open()
        await follower.sees(kept="red", changed="blue")

        assert restarts("Gone") == before + 1
        assert sorted(follower.told[3:]) == [
            ("changed", "red", "blue"),
            ("deleted", "red", None),
        ]


def restarts(cause: str) -> float:
    """Read how many watches of ConfigMaps ended for a cause."""
    labels = {"resource": "configmaps", "cause": cause}
    return REGISTRY.get_sample_value("ecr_secrets_watch_restarts_total", labels) or 0.0


async def test_a_paused_etcd_costs_no_change(shop: Shop) -> None:
    """While etcd stands still the store stays as it was; afterwards it follows again."""
    await shop.create("a")

    async with following(shop) as follower:
        shop.control_plane.pause_etcd()
        try:
            writing = asyncio.create_task(shop.paint("a", "blue"))
            await eventually(lambda: follower.informer.last_error is not None, within=30)

            assert follower.colors == {"a": "red"}
        finally:
            shop.control_plane.resume_etcd()
        await writing
        await follower.sees(a="blue")


async def test_a_paused_api_server_is_noticed(shop: Shop) -> None:
    """A watch that is silent without having ended is given up and replaced."""
    await shop.create("a")

    async with following(shop) as follower:
        await shop.create("b")  # seen by the watch, so it is open
        await follower.sees(a="red", b="red")
        api_server = shop.control_plane.processes[1]
        api_server.pause()
        try:
            await eventually(lambda: follower.informer.last_error is not None, within=30)
        finally:
            api_server.resume()
        await shop.paint("a", "blue")
        await follower.sees(a="blue", b="red")


async def test_a_kind_that_comes_later_is_waited_for(own_control_plane: ControlPlane) -> None:
    """An operator may be started before its CRD is there; nothing needs to be restarted."""
    shop = Shop(own_control_plane, "default")
    told: list[ObjectKey] = []

    async with a_client(own_control_plane) as client:
        informer = Informer(
            client,
            Selection(resource=GADGETS),
            decode=msgspec.json.Decoder(dict[str, Any]).decode,
            on_change=lambda key, _before, _after: told.append(key),
            timing=Timing(cap=timedelta(seconds=1)),
        )
        async with running_in_background(informer.run()):
            await eventually(lambda: isinstance(informer.last_error, NotFoundError))
            definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            await shop.ask("POST", definitions, a_definition(GADGETS))
            await asyncio.wait_for(informer.wait_synced(), 30)
            gadget = {
                "apiVersion": f"{GADGETS.group}/{GADGETS.version}",
                "kind": "Gadget",
                "metadata": {"name": "first"},
            }
            await shop.ask("POST", GADGETS.collection("default"), gadget)
            await eventually(lambda: told == [ObjectKey("default", "first")])


def a_definition(resource: Resource) -> dict[str, Any]:
    """Build a CRD for a kind named Gadget, of any content."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": resource.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.plural}.{resource.group}"},
        "spec": {
            "group": resource.group,
            "scope": "Namespaced",
            "names": {"plural": resource.plural, "kind": "Gadget"},
            "versions": [version],
        },
    }
