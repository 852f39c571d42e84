"""When there are as many connections as may be, it is not the API server's that go."""

import asyncio
import ssl
from datetime import timedelta

import pytest

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.webhook.limits import Limits
from tests.core.reviews import a_body
from tests.fakes.eventually import eventually
from tests.integration.webhook.at_webhook import (
    a_head,
    a_request,
    a_webhook,
    serving,
    under_attack,
)

LATE = timedelta(seconds=60)  # later than the test is given up
SLOW = a_head("Content-Length: 1000") + b"x"
UNMANAGED = a_body("another")  # answered at once


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
            await slow.send(SLOW)
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


@pytest.mark.parametrize("begun", [b"", SLOW], ids=["idle", "slow-bodies"])
async def test_who_has_asked_once_keeps_nobody_out(begun: bytes) -> None:
    """A flood that takes every place by asking once leaves room for handshakes all the same."""
    async with serving(limits=Limits(connections=10, handshake=LATE)) as served:
        flood = [await served.connect() for _ in range(10)]
        for line in flood:
            await line.ask()
        for line in flood[1:]:
            await line.send(begun)
        await flood[0].ask()  # after what was sent before
        greeted = await served.connect()
        for _ in range(3):
            await served.knock()
        newcomer = await served.connect()  # when those who knocked are in

        answers = [await greeted.ask(), await newcomer.ask()]
        assert all(answer and answer.allows for answer in answers)
        assert all([await line.has_ended() for line in flood[1:5]])


async def test_half_of_the_places_is_for_those_who_have_asked() -> None:
    """As many connections of the API server as fill half the places outlive a flood.

    Of more, those go that were not used for the longest time.
    """
    async with serving(limits=Limits(connections=10, handshake=LATE)) as served:
        known = [await served.connect() for _ in range(7)]
        for line in known:
            await line.ask()
        for _ in range(50):
            await served.knock()
        await served.connect()  # when those who knocked are in

        answers = [await line.ask() for line in known]
        assert [bool(answer and answer.allows) for answer in answers] == [False] * 2 + [True] * 5


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"", id="idle"),
        pytest.param(a_request(), id="being-answered"),
        pytest.param(SLOW, id="slow-bodies"),
    ],
)
async def test_a_question_that_is_being_asked_is_not_cut_off(begun: bytes) -> None:
    """Who is in the middle of a body outlives a flood, whatever the others do that have asked."""
    refreshed = asyncio.Event()

    async def refresh_now(credential: str, target: ObjectKey) -> None:
        await refreshed.wait()

    limits = Limits(connections=10, handshake=LATE)
    async with serving(a_webhook(refresh_now=refresh_now), limits) as served:
        *others, known, asking = [await served.connect() for _ in range(8)]
        for line in (asking, known, *others):
            await line.ask(UNMANAGED)
        for line in others:
            await line.send(begun)
        await known.ask(UNMANAGED)  # after what was sent before
        question = a_request(UNMANAGED)
        await asking.send(question[:-1])
        await known.ask(UNMANAGED)
        for _ in range(20):
            await served.knock()
        await served.connect()  # when those who knocked are in
        await asking.send(question[-1:])

        answer = await asking.answer()
        refreshed.set()
    assert answer
    assert answer.allows


async def test_who_is_idle_goes_before_who_asks() -> None:
    """However lately it was used, an idle connection goes before one in the middle of a body."""
    async with serving(limits=Limits(connections=10)) as served:
        asking, *idle = [await served.connect() for _ in range(10)]
        for line in (asking, *idle):
            await line.ask()
        question = a_request()
        await asking.send(question[:-1])
        for line in idle:
            await line.ask()
        newcomer = await served.connect()
        await asking.send(question[-1:])

        answers = [await asking.answer(), await newcomer.ask()]
        assert all(answer and answer.allows for answer in answers)
        assert await idle[0].has_ended()
