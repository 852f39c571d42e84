"""One informer per thing that is needed, and what keeps it from following is known."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import msgspec
import pytest

from ecr_secrets.controller.informer_pool import InformerPool
from ecr_secrets.errors import ForbiddenError
from ecr_secrets.kube.informer import Informer
from ecr_secrets.kube.resource import SECRETS, Resource
from ecr_secrets.kube.selection import Selection
from tests.fakes.virtual_time import run_in_virtual_time

DENIED = ForbiddenError("list secrets: forbidden")


class DeniedClient:
    """An API server that refuses every list."""

    def __init__(self) -> None:
        self.lists = 0

    async def list_page(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        query: Mapping[str, str],
        metadata_only: bool = False,
    ) -> object:
        self.lists += 1
        await asyncio.sleep(0)
        raise DENIED

    def watch(self, *_: object, **__: object) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise AssertionError("nothing was listed that could be watched")


def _pool(client: DeniedClient, made: list[str]) -> InformerPool[str, msgspec.Raw]:
    def make(name: str) -> Informer[msgspec.Raw]:
        made.append(name)
        return Informer(
            client,  # type: ignore[arg-type] # it only ever lists
            Selection(resource=SECRETS),
            decode=lambda raw: raw,
            on_change=lambda *_: None,
        )

    return InformerPool(make, what="pull secrets named")


def test_an_informer_runs_as_long_as_somebody_needs_it() -> None:
    """Two credentials with the same name of secrets share one watch."""
    made: list[str] = []
    client = DeniedClient()

    async def scenario() -> None:
        pool = _pool(client, made)
        async with asyncio.TaskGroup() as group:
            pool.start(group)
            pool.hold("one", ["ecr-login"])
            pool.hold("two", ["ecr-login"])
            await asyncio.sleep(1)
            pool.release("one")
            await asyncio.sleep(1)
            running = client.lists
            await asyncio.sleep(60)
            assert client.lists > running

            pool.release("two")
            await asyncio.sleep(1)
            ended = client.lists
            await asyncio.sleep(600)
            assert client.lists == ended

    run_in_virtual_time(scenario())

    assert made == ["ecr-login"]


def test_what_lasts_is_trouble_and_what_passes_is_not() -> None:
    """A watch breaks all the time; one that cannot follow for half a minute is told of."""

    async def scenario() -> list[object]:
        pool = _pool(DeniedClient(), [])
        async with asyncio.TaskGroup() as group:
            pool.start(group)
            pool.hold("one", ["ecr-login"])
            told: list[object] = []
            for _ in range(2):
                await asyncio.sleep(20)
                told.append(pool.trouble("one"))
            pool.release("one")
        return told

    assert run_in_virtual_time(scenario()) == [None, DENIED]


def test_a_first_look_that_does_not_come_ends_with_its_reason() -> None:
    """Nobody waits for ever."""

    async def scenario() -> None:
        pool = _pool(DeniedClient(), [])
        async with asyncio.TaskGroup() as group:
            pool.start(group)
            pool.hold("one", ["ecr-login"])
            with pytest.raises(ForbiddenError, match="list secrets"):
                await pool.wait_synced("ecr-login", timedelta(seconds=15))
            pool.release("one")

    run_in_virtual_time(scenario())
