"""A pod of the demo pulls when it is admitted: on a node, or as a node would."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from aiohttp import web

from testbed.aws.hosts import registry_host
from testbed.aws.iam import ACCOUNT
from testbed.aws.port import Port
from testbed.aws.server import FakeAws
from testbed.demo.api import Api
from testbed.demo.places import Imagined
from testbed.demo.pods import Pods
from testbed.demo.sight import Pod
from testbed.errors import ControlPlaneError
from testbed.registry import FakeRegistry

REGION = "us-east-1"
HOST = registry_host(ACCOUNT, REGION)
BOUND = timedelta(seconds=1.5)
ADMITTED = 201


@dataclass
class Server:
    """An API server that admits pods, and shows one pull secret."""

    status: int = ADMITTED
    hold: timedelta = timedelta()
    password: str = ""  # in the pull secret
    waiting: int = 0  # pods
    most_waiting: int = 0
    refreshed: Callable[[], str] | None = None  # makes a password after the first pull

    async def handle(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            return await self.admit()
        if request.path != "/api/v1/namespaces/ns1/secrets/ecr-login":
            return web.Response(text="ok")
        config = {"auths": {HOST: {"username": "AWS", "password": self.password}}}
        if self.refreshed:
            self.password = self.refreshed()
        data = {".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()}
        metadata = {"uid": "u", "creationTimestamp": "2026-01-01T12:00:00Z"}
        return web.json_response({"metadata": metadata, "data": data})

    async def admit(self) -> web.Response:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        await asyncio.sleep(self.hold.total_seconds())
        self.waiting -= 1
        answer = {"message": "no pods today", "metadata": {"name": "shop-1"}}
        return web.json_response(answer, status=self.status)


@dataclass(frozen=True)
class Place:
    """Pods, where they are created, and who issues what they pull with."""

    api: Server
    aws: FakeAws
    pods: Pods

    def issue(self, life: timedelta = timedelta(hours=12)) -> str:
        """Issue a token of a life; zero: one that has expired."""
        self.aws.token_lifetime = life
        return self.aws.tokens.issue(ACCOUNT, REGION, now=self.aws.clock()).password


@asynccontextmanager
async def a_place() -> AsyncIterator[Place]:
    """Set everything up."""
    api, aws = Server(), FakeAws()
    registry = FakeRegistry(aws)
    tls = ssl.create_default_context()  # not used: the server speaks HTTP
    async with Port(api.handle) as port, registry, Api(port.url, tls) as asked:
        node = Imagined(asked, registry, host=HOST, secret_name="ecr-login")
        yield Place(api, aws, Pods(asked, node, secret_name="ecr-login"))


def found(pods: Pods) -> tuple[Pod, ...]:
    """Return what came of them, whatever the time they were held."""
    return tuple(replace(pod, held=timedelta()) for pod in pods.created)


A_POD = Pod(namespace="ns1", held=timedelta(), answer=200)


async def test_a_crowd_is_created_all_at_once() -> None:
    """One after the other would prove nothing about a burst."""
    async with a_place() as place:
        place.api.password = place.issue()
        place.api.hold = timedelta(seconds=0.2)

        await place.pods.create("ns1", 20)

    assert place.api.most_waiting == 20
    assert found(place.pods) == (A_POD,) * 20
    assert min(pod.held for pod in place.pods.created) >= timedelta(seconds=0.2)


async def test_a_pod_that_nobody_held_has_one_pull() -> None:
    """What was admitted before the bound has to be able to pull at once."""
    async with a_place() as place:
        place.api.password = place.issue(timedelta())
        place.api.refreshed = place.issue

        await place.pods.create("ns1")

    assert found(place.pods) == (replace(A_POD, answer=403),)


async def test_a_pod_that_was_held_up_to_the_bound_has_a_second_pull() -> None:
    """A refresh that takes longer than a pod is held is there when the node tries again."""
    async with a_place() as place:
        place.api.password = place.issue(timedelta())
        place.api.refreshed = place.issue
        place.api.hold = BOUND

        await place.pods.create("ns1")

    assert found(place.pods) == (replace(A_POD, late=True),)


async def test_a_pod_that_is_refused_is_an_error() -> None:
    """No promise is kept by pods that do not exist."""
    async with a_place() as place:
        place.api.status = 403

        with pytest.raises(ControlPlaneError, match="403 no pods today"):
            await place.pods.create("ns1")

    assert place.pods.created == ()
