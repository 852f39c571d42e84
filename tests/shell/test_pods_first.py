"""A pod waits for its own pull secret, and for no one else's."""

import asyncio

import pytest

from ecr_secrets.controller.writers import FOR_PODS
from tests.core.builders import a_content, a_pull_secret
from tests.fakes.operation import Operation, secret_of
from tests.fakes.virtual_time import run_in_virtual_time

_MANY = tuple(f"ns-{number:04}" for number in range(2000))


def test_a_pod_does_not_wait_for_the_other_namespaces() -> None:
    """2,000 of them, 3.75 s of writing: what it waits for is one call to AWS and one write."""

    async def scenario() -> float:
        async with Operation(*_MANY, aws_seconds=0.1, write_seconds=0.03) as operation:
            return await operation.pod(_MANY[-1])

    assert run_in_virtual_time(scenario()) == pytest.approx(0.13)


def test_a_pod_does_not_wait_for_a_namespace_that_hangs() -> None:
    """The pass that both are in is not over, and it is told."""

    async def scenario() -> float:
        async with Operation("bank", "shop", aws_seconds=0.6) as operation:
            operation.kube.hangs["bank"] = asyncio.Event()
            return await operation.pod("shop")

    assert run_in_virtual_time(scenario()) == pytest.approx(0.6)


@pytest.mark.parametrize("hanging", [1, 16, 60])
def test_a_pod_does_not_wait_for_pods_whose_namespaces_hang(hanging: int) -> None:
    """Somebody else's webhook keeps every write there, and their pods keep asking."""
    stuck = [f"stuck-{number:02}" for number in range(hanging)]

    async def scenario() -> float:
        async with Operation("shop", *stuck) as operation:
            operation.kube.hangs = {name: asyncio.Event() for name in stuck}
            waiting = [asyncio.create_task(operation.pod(name)) for name in stuck]
            await asyncio.sleep(0.1)
            took = await operation.pod("shop")
            for task in waiting:
                task.cancel()
            return took

    assert run_in_virtual_time(scenario()) <= 1  # a pass over the others


def test_a_pod_that_can_rely_on_what_is_there_is_told_so() -> None:
    """The Secret was not seen yet when it asked, and has hours left to live."""

    async def scenario() -> tuple[float, int]:
        async with Operation("shop", stale=True) as operation:
            return await operation.pod("shop"), operation.aws_calls()

    assert run_in_virtual_time(scenario()) == (0, 0)


def test_pods_in_thousands_of_namespaces_that_hang_do_not_add_up() -> None:
    """Each pass meets the same ones, whose writes of the last one are still under way."""
    places = 16 * FOR_PODS

    async def scenario() -> int:
        async with Operation(*_MANY) as operation:
            operation.kube.hangs = {name: asyncio.Event() for name in _MANY}
            waiting = [asyncio.create_task(operation.pod(name)) for name in _MANY]
            await asyncio.sleep(5)
            urgent = [task for task in asyncio.all_tasks() if task.get_name() == "urgent write"]
            for task in waiting:
                task.cancel()
            return len(urgent)

    assert run_in_virtual_time(scenario()) == places


def test_a_pod_that_comes_later_goes_before_what_nobody_waits_for() -> None:
    """The pass has begun, and its namespace is the last: the next free writer takes it."""

    async def scenario() -> float:
        async with Operation(*_MANY, write_seconds=0.03) as operation:
            await operation.pod(_MANY[0])
            await asyncio.sleep(0.3)
            return await operation.pod(_MANY[-1])

    assert run_in_virtual_time(scenario()) <= 0.06


def test_a_pod_whose_pull_secret_is_fresh_meanwhile_is_told_at_once() -> None:
    """Another replica has written it, while a neighbour hangs."""

    async def scenario() -> float:
        async with Operation("bank", "shop", aws_seconds=0.6) as operation:
            operation.kube.hangs["bank"] = asyncio.Event()
            waiting = asyncio.create_task(operation.pod("shop"))
            await asyncio.sleep(0)
            operation.secrets[secret_of("shop")] = a_pull_secret("shop", a_content())
            return await waiting

    assert run_in_virtual_time(scenario()) == pytest.approx(0.6)


@pytest.mark.parametrize("hanging", [4, 8, 100])
def test_a_pod_does_not_wait_for_credentials_whose_aws_hangs(hanging: int) -> None:
    """All workers wait for AWS, and more credentials wait for a worker: it needs none of them."""

    async def scenario() -> float:
        async with Operation("shop", aws_seconds=0.1, hanging=hanging) as operation:
            return await operation.pod("shop")

    assert run_in_virtual_time(scenario()) == pytest.approx(0.1)


@pytest.mark.parametrize("hanging", [4, 8, 100])
def test_a_pod_does_not_wait_for_pods_whose_aws_hangs(hanging: int) -> None:
    """A node failed, and its pods come back at the same time while one region does not answer."""

    async def scenario() -> float:
        async with Operation("shop", aws_seconds=0.1, hanging=hanging) as operation:
            others = [asyncio.create_task(pod) for pod in operation.pods_that_hang()]
            await asyncio.sleep(0)
            took = await operation.pod("shop")
            assert not any(each.done() for each in others)
            return took

    assert run_in_virtual_time(scenario()) == pytest.approx(0.1)


def test_a_pod_that_waits_for_a_credential_that_goes_is_told() -> None:
    """Nobody has met it, so that it is not missed either."""

    async def scenario() -> str:
        async with Operation("shop") as operation:
            waiting = asyncio.create_task(operation.demand.refresh_now("gone", secret_of("shop")))
            await asyncio.wait([waiting])
            assert not operation.demand.is_owed("gone")
            return str(waiting.exception())

    assert "gone" in run_in_virtual_time(scenario())
