"""A pod of the demo is followed on its node until its container runs, or a pull was refused."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from testbed.aws.hosts import registry_host
from testbed.aws.iam import ACCOUNT
from testbed.aws.port import Port
from testbed.aws.server import FakeAws
from testbed.demo.api import Api
from testbed.demo.places import OnNode
from testbed.registry import FakeRegistry

HOST = registry_host(ACCOUNT, "us-east-1")
RUNNING: dict[str, Any] = {"running": {}}
CREATING = {"waiting": {"reason": "ContainerCreating"}}
REFUSED = {"waiting": {"reason": "ErrImagePull"}}
BACK_OFF = {"waiting": {"reason": "ImagePullBackOff"}}


class Server:
    """An API server whose only pod goes from state to state, one with each look."""

    def __init__(self, states: list[dict[str, Any] | None], image: str) -> None:
        self.looks = 0
        self._states = states
        self._image = image

    async def handle(self, _request: web.Request) -> web.Response:
        state = self._states[min(self.looks, len(self._states) - 1)]
        self.looks += 1
        containers = [] if state is None else [{"image": self._image, "state": state}]
        pod = {
            "metadata": {"namespace": "ns1", "name": "shop-1"},
            "status": {"containerStatuses": containers},
        }
        return web.json_response({"items": [pod]})


@asynccontextmanager
async def a_node(*states: dict[str, Any] | None) -> AsyncIterator[tuple[OnNode, FakeRegistry]]:
    """Set up a node on which a pod goes through states, and the registry of its image."""
    image = f"{HOST}/shop-1:1"
    registry, tls = FakeRegistry(FakeAws()), ssl.create_default_context()  # plain HTTP here
    async with (
        Port(Server(list(states), image).handle) as port,
        registry,
        Api(port.url, tls) as api,
    ):
        node = OnNode(api, registry, host=HOST)
        assert node.image() == image
        yield node, registry


async def visit(registry: FakeRegistry) -> None:
    """Ask for the image as a stranger."""
    url, headers = f"{registry.url}/v2/shop-1/manifests/1", {"X-Registry-Host": HOST}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers):
        pass


async def test_a_pod_is_followed_until_its_container_runs() -> None:
    """Not only until it is known to the node."""
    async with a_node(None, CREATING, RUNNING) as (node, _):
        assert await node.pull("ns1", "shop-1") == 200


@pytest.mark.parametrize("state", [REFUSED, BACK_OFF])
async def test_a_first_pull_that_is_refused_is_told_as_the_registry_answered(
    state: dict[str, Any],
) -> None:
    """What the node says of it has no status."""
    async with a_node(CREATING, state, RUNNING) as (node, registry):
        await visit(registry)

        assert await node.pull("ns1", "shop-1") == registry.visits[-1].status != 200


async def test_after_a_refusal_the_node_is_waited_for() -> None:
    """It tries again by itself, after its back-off."""
    async with a_node(REFUSED, BACK_OFF, CREATING, RUNNING) as (node, _):
        assert await node.pull_again("ns1", "shop-1") == 200


async def test_each_pod_has_an_image_of_its_own() -> None:
    """One that the node already has would need no pull."""
    async with a_node() as (node, _):
        assert node.image() != node.image()
