"""The controller as it is put together: what a pod waits for is urgent."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import pytest

from ecr_secrets.cli.assemble import Operator, Wiring, assemble
from ecr_secrets.controller.demand import Look
from ecr_secrets.core.credential import RegistryRequest
from ecr_secrets.core.identity import Identity
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.source import Source
from ecr_secrets.core.token import RegistryToken
from ecr_secrets.settings import Config
from tests.core.builders import IRELAND, NOON, a_token
from tests.fakes.virtual_time import run_in_virtual_time

_TARGET = ObjectKey("shop", "ecr-login")
_SOURCE = Source(identity=Identity(), registries=(RegistryRequest(region=IRELAND),))


def _operator() -> Operator:
    """Assemble what is not run here: nobody is asked anything."""
    wiring = Wiring(instance="a", leading=lambda: True, changed=lambda: None)
    return assemble(Config(), cast("Any", None), cast("Any", _SlowAws()), wiring)


async def _taken_as_urgent(operator: Operator) -> str | None:
    """Return the key that is handed out for pods; None: there is none."""
    try:
        async with asyncio.timeout(60):
            return await operator.queue.take(urgent_only=True)
    except TimeoutError:
        return None


def test_a_credential_that_a_pod_waits_for_is_urgent() -> None:
    """From the moment the webhook asks."""

    async def scenario() -> str | None:
        operator = _operator()
        pod = asyncio.create_task(operator.demand.refresh_now("ecr", _TARGET))
        taken = await _taken_as_urgent(operator)
        pod.cancel()
        return taken

    assert run_in_virtual_time(scenario()) == "ecr"


class _SlowAws:
    """Answers later than a look waits."""

    async def token(self, _identity: Identity, _region: str) -> RegistryToken:
        await asyncio.sleep(5)
        return a_token()

    def last_good(self, _identity: Identity, _region: str) -> None:
        """There is none."""

    def retry_at(self, _identity: Identity, _region: str) -> None:
        """It has not failed."""


@pytest.mark.parametrize(("waits", "expected"), [(True, "ecr"), (False, None)])
def test_a_token_that_took_long_is_as_urgent_as_it_is_waited_for(
    waits: bool, expected: str | None
) -> None:
    """Its credential is looked at again when it is there."""

    async def scenario() -> str | None:
        operator = _operator()
        running = asyncio.create_task(operator.harvester.run())
        pod = asyncio.create_task(operator.demand.refresh_now("ecr", _TARGET))
        operator.queue.done(await operator.queue.take())
        await operator.harvester.harvest("ecr", _SOURCE)
        if not waits:
            operator.demand.serve("ecr", _TARGET)
        taken = await _taken_as_urgent(operator)
        for task in (pod, running):
            task.cancel()
        return taken

    assert run_in_virtual_time(scenario()) == expected


def test_it_is_at_rest_when_its_last_write_has_returned() -> None:
    """Also one that takes longer than the look that has begun it; the Lease is given up then."""

    async def scenario() -> tuple[float, list[str]]:
        operator = _operator()
        done = []

        async def write() -> None:
            await asyncio.sleep(3)
            done.append("write")

        async def work() -> None:
            await operator.controller.run(1)
            done.append("looks")

        tasks = [asyncio.create_task(each) for each in (operator.writers.run(), work())]
        operator.writers.submit(write, expires_at=NOON)
        await asyncio.sleep(1)
        await operator.come_to_rest(tasks[1], patience=timedelta(0))
        for task in tasks:
            task.cancel()
        return asyncio.get_running_loop().time(), done

    ended, done = run_in_virtual_time(scenario())

    assert ended == pytest.approx(3)
    assert done == ["looks", "write"]


@pytest.mark.parametrize(
    ("served_after", "expected"),
    [
        pytest.param(1.5, 2.5, id="in-time"),
        pytest.param(60.0, 3.0, id="too-late"),
    ],
)
def test_it_ends_when_what_pods_asked_for_is_there_or_it_has_waited_for_it(
    served_after: float, expected: float
) -> None:
    """The other replica knows nothing of it, and the pod was admitted already."""

    async def scenario() -> float:
        operator = _operator()
        workers = asyncio.create_task(asyncio.sleep(0))
        pod = asyncio.create_task(operator.demand.refresh_now("ecr", _TARGET))
        await asyncio.sleep(1)
        loop = asyncio.get_running_loop()
        loop.call_later(served_after, operator.demand.serve, "ecr", _TARGET)
        loop.call_later(served_after, operator.demand.settle, "ecr", Look(known={_TARGET}))
        await operator.come_to_rest(workers, patience=timedelta(seconds=2))
        ended = loop.time()
        pod.cancel()
        return ended

    assert run_in_virtual_time(scenario()) == pytest.approx(expected)
