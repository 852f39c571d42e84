"""One informer per thing that is needed, and what keeps it from following is known."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
import pytest

from ecr_secrets.controller.informer_pool import InformerPool
from ecr_secrets.errors import ForbiddenError, OperatorError, UnavailableError
from ecr_secrets.kube.decoding import Page
from ecr_secrets.kube.informer import Informer
from ecr_secrets.kube.resource import SECRETS, Resource
from ecr_secrets.kube.selection import Selection
from tests.fakes.virtual_time import run_in_virtual_time

DENIED = ForbiddenError("list secrets: forbidden")
AWAY = UnavailableError("list secrets: no answer")


class DeniedClient:
    """An API server that refuses every list."""

    def __init__(self, error: OperatorError = DENIED) -> None:
        self.lists = 0
        self.error: OperatorError | None = error  # None: lists are empty

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
        if self.error:
            raise self.error
        return Page(resource_version="1", continue_token="", items=())

    @asynccontextmanager
    async def watch(self, *_: object, **__: object) -> AsyncIterator[AsyncIterator[bytes]]:
        yield _silence()


async def _silence() -> AsyncIterator[bytes]:
    await asyncio.sleep(3600)
    yield b""


def _pool(
    client: DeniedClient, made: list[str], told: list[str] | None = None
) -> InformerPool[str, msgspec.Raw]:
    def make(name: str) -> Informer[msgspec.Raw]:
        made.append(name)
        return Informer(
            client,  # type: ignore[arg-type] # it only ever lists
            Selection(resource=SECRETS),
            decode=lambda raw: raw,
            on_change=lambda *_: None,
        )

    told = [] if told is None else told
    return InformerPool(make, what="pull secrets named", look_again=told.append)


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

    async def scenario() -> float:
        pool = _pool(DeniedClient(AWAY), [])
        async with asyncio.TaskGroup() as group:
            pool.start(group)
            pool.hold("one", ["ecr-login"])
            began = asyncio.get_running_loop().time()
            with pytest.raises(UnavailableError, match="list secrets"):
                await pool.wait_synced("ecr-login", timedelta(seconds=15))
            took = asyncio.get_running_loop().time() - began
            pool.release("one")
        return took

    assert run_in_virtual_time(scenario()) == pytest.approx(15)


def test_a_right_that_is_missing_is_not_waited_for() -> None:
    """Objects that ask for what is not granted leave the workers to the others."""

    async def scenario() -> float:
        pool = _pool(DeniedClient(), [])
        async with asyncio.TaskGroup() as group:
            pool.start(group)
            pool.hold("one", ["ecr-login"])
            began = asyncio.get_running_loop().time()
            for _ in range(3):
                with pytest.raises(ForbiddenError, match="list secrets"):
                    await pool.wait_synced("ecr-login", timedelta(seconds=15))
            took = asyncio.get_running_loop().time() - began
            pool.release("one")
        return took

    assert run_in_virtual_time(scenario()) == pytest.approx(0)


@pytest.mark.parametrize("error", [DENIED, AWAY], ids=["denied", "away"])
def test_who_waited_in_vain_is_looked_at_as_soon_as_there_is_something_to_see(
    error: OperatorError,
) -> None:
    """A right that was granted, or an API server that is back, takes effect by itself."""

    async def scenario() -> list[str]:
        client, told = DeniedClient(error), list[str]()
        pool = _pool(client, [], told)
        async with asyncio.TaskGroup() as group:
            pool.start(group)
            pool.hold("one", ["ecr-login"])
            pool.hold("other", ["another"])
            with pytest.raises(OperatorError):
                await pool.wait_synced("ecr-login", timedelta(seconds=15))
            await asyncio.sleep(60)
            assert told == []
            client.error = None
            await asyncio.sleep(21)
            await pool.wait_synced("ecr-login", timedelta(seconds=15))
            pool.release("one")
            pool.release("other")
        return told

    assert run_in_virtual_time(scenario()) == ["one"]
