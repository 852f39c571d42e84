"""When there are as many connections as may be, it is not the API server's that go."""

import asyncio
import ssl
from datetime import timedelta

import pytest

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.webhook.limits import Limits
from tests.fakes.eventually import eventually
from tests.integration.webhook.at_webhook import (
    a_head,
    a_request,
    a_webhook,
    serving,
    under_attack,
)

LATE = timedelta(seconds=60)  # later than the test is given up


@pytest.mark.parametrize("established", [True, False], ids=["established", "half-open"])
async def test_a_flood_of_connections_goes_first(established: bool) -> None:
    """Above the cap, those that never asked make room; those of the API server stay."""
    limits = Limits(connections=10, handshake=LATE)

    async with under_attack(limits) as (served, _):
        known = await served.connect()
        await known.ask()
        flood = [
            await (served.connect() if established else served.knock())  # oldest first
            for _ in range(50)
        ]
        newcomer = await served.connect()

        answers = [await known.ask(), await newcomer.ask()]
        assert all(answer and answer.allows for answer in answers)
        assert all([await line.has_ended() for line in flood[:43]])


async def test_a_flood_of_slow_bodies_goes_first() -> None:
    """Who has not said all is not being answered: others stay, and new ones come."""
    async with serving(limits=Limits(connections=10)) as served:
        known = await served.connect()
        answers = [await known.ask()]
        for _ in range(20):
            slow = await served.connect()
            await slow.send(a_head("Content-Length: 1000") + b"x")
            answers.append(await known.ask())  # after what was sent before
        newcomer = await served.connect()

        answers += [await known.ask(), await newcomer.ask()]
        assert all(answer and answer.allows for answer in answers)


async def test_pods_that_wait_are_not_sent_away() -> None:
    """When all connections wait for a refresh, the one too many is turned away, and none else."""
    refreshed = asyncio.Event()
    waiting: list[str] = []

    async def refresh_now(credential: str, target: ObjectKey) -> None:
        waiting.append(credential)
        await refreshed.wait()

    async with serving(a_webhook(refresh_now=refresh_now), Limits(connections=5)) as served:
        lines = [await served.connect() for _ in range(5)]
        for line in lines:
            await line.send(a_request())
        await eventually(lambda: len(waiting) == len(lines))
        with pytest.raises((ConnectionError, ssl.SSLError)):
            await served.connect()
        refreshed.set()

        answers = [await line.answer() for line in lines]
    assert all(answer and answer.allows for answer in answers)
