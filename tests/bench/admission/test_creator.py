"""The clients create what they are told to, at the pace they are told."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from bench.admission.creator import Clearance, Creator, Job

_SLOW = 0.05  # seconds that a pod of namespace `slow` takes
_CROWD = 4
_PATIENCE = 20  # seconds for as many to come together


@dataclass
class _ApiServer:
    """Takes pods, by namespace: `slow` late, `stale` with a warning, `crowd` only together."""

    created: list[tuple[str, str]] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    versions: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    crowd: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(_CROWD))

    async def create(self, request: web.Request) -> web.Response:
        namespace = request.match_info["namespace"]
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        pod = await request.json()
        await asyncio.sleep(_SLOW if namespace == "slow" else 0)
        if namespace == "crowd":
            async with asyncio.timeout(_PATIENCE):
                await self.crowd.wait()
        self.under_way -= 1
        if namespace == "full":
            return web.json_response({}, status=403)
        self.created.append((namespace, pod["metadata"]["name"]))
        headers = {"Warning": '299 - "not refreshed"'} if namespace == "stale" else {}
        answer = {"metadata": {"resourceVersion": str(next(self.versions))}}
        return web.json_response(answer, status=201, headers=headers)

    async def clear(self, request: web.Request) -> web.Response:
        assert request.query["gracePeriodSeconds"] == "0"
        self.cleared.append(request.match_info["namespace"])
        return web.json_response({})


@asynccontextmanager
async def _creator(api_server: _ApiServer) -> AsyncIterator[Creator]:
    async def version(_: web.Request) -> web.Response:
        return web.json_response({})

    application = web.Application()
    application.router.add_get("/version", version)
    application.router.add_post("/api/v1/namespaces/{namespace}/pods", api_server.create)
    application.router.add_delete("/api/v1/namespaces/{namespace}/pods", api_server.clear)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Creator(f"http://127.0.0.1:{runner.addresses[0][1]}", session)
    finally:
        await runner.cleanup()


def _a_job(
    *namespaces: str, clients: int = 1, per_second: float | None = None, unmeasured: int = 0
) -> Job:
    return Job(
        clients=clients,
        per_second=per_second,
        pull_secret="ecr-login",
        pods=[(namespace, f"pod-{number}") for number, namespace in enumerate(namespaces)],
        unmeasured=unmeasured,
    )


async def test_each_pod_is_created_once_and_measured() -> None:
    """What is told of a pod is its own: place, time, version, warning."""
    api_server = _ApiServer()
    async with _creator(api_server) as creator:
        done = await creator.do(_a_job("slow", "shop", "stale"))

    assert api_server.created == [("slow", "pod-0"), ("shop", "pod-1"), ("stale", "pod-2")]
    found = [(each.namespace, each.version, each.warned) for each in done]
    assert found == [("slow", 1, False), ("shop", 2, False), ("stale", 3, True)]
    assert done[0].milliseconds >= 1000 * _SLOW


async def test_the_first_pods_are_left_out_if_asked() -> None:
    """They meet cold connections, which is not what is measured."""
    api_server = _ApiServer()
    async with _creator(api_server) as creator:
        done = await creator.do(_a_job("cold", "cold", "shop", clients=2, unmeasured=2))

    assert len(api_server.created) == 3
    assert [creation.namespace for creation in done] == ["shop"]


async def test_as_many_pods_are_under_way_as_there_are_clients() -> None:
    """Each client waits for an answer before it asks again."""
    api_server = _ApiServer()
    async with _creator(api_server) as creator:
        done = await creator.do(_a_job(*["crowd"] * 2 * _CROWD, clients=_CROWD))

    assert len(done) == 2 * _CROWD
    assert api_server.most_under_way == _CROWD


async def test_a_pace_is_kept_by_all_clients_together() -> None:
    """Pods that come faster than asked for would be another load."""
    api_server = _ApiServer()
    began = time.perf_counter()
    async with _creator(api_server) as creator:
        await creator.do(_a_job(*["shop"] * 40, clients=4, per_second=200))
    took = time.perf_counter() - began

    assert took > 40 / 200 / 2  # by chance it is faster, though never twice: chance is fixed here


async def test_a_refused_pod_is_an_error() -> None:
    """A refusal is fast, and would look like a good time."""
    async with _creator(_ApiServer()) as creator:
        with pytest.raises(ExceptionGroup) as caught:
            await creator.do(_a_job("full"))

    assert caught.group_contains(RuntimeError, match="403")


async def test_pods_are_removed_without_being_measured() -> None:
    """The next batch finds an empty namespace."""
    api_server = _ApiServer()
    async with _creator(api_server) as creator:
        done = await creator.do(Clearance(["club", "shop"]))

    assert (api_server.cleared, done) == (["club", "shop"], [])
