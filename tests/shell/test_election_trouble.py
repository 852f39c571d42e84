"""An election in virtual time when requests fail, processes freeze and clocks are wrong."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from ecr_secrets.errors import (
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    OperatorError,
    RejectedError,
    ThrottledError,
    UnauthorizedError,
    UnavailableError,
)
from tests.fakes.candidates import Candidate, a_clock, a_leader, a_pair, now, until, virtual
from tests.fakes.leases import FakeLeases, Passage
from tests.fakes.virtual_time import freeze, run_in_virtual_time

A_YEAR = timedelta(days=365)
HANGING = Passage(fate="lost")


@virtual
async def test_a_leader_without_an_answer_stops_before_its_lease_ends() -> None:
    """Ten seconds after it asked for the last renewal that was confirmed, and not later."""
    leases = FakeLeases()
    leader, follower = await a_pair(leases)
    leader.client.weather = HANGING
    renewed = leases.writes[-1][0]

    await until(lambda: follower.leading)

    assert leader.told == [(0, True), (renewed + 10, False)]
    assert follower.told[0][0] >= renewed + 15


@virtual
async def test_the_deadline_counts_from_the_question_not_from_the_answer() -> None:
    """An answer that was long on its way says nothing of the time since."""
    leases = FakeLeases()
    leader = Candidate(
        leases, "a", passages=[Passage(), Passage(there=1, back=3), HANGING, HANGING]
    )

    await until(lambda: len(leader.told) > 1)

    assert leader.told[:2] == [(4, True), (10, False)]


@virtual
async def test_a_leader_leads_on_through_a_slow_api() -> None:
    """Answers that take four seconds are slow, but they are answers."""
    leases = FakeLeases()
    leader = Candidate(leases, "a")
    leader.client.weather = Passage(there=2, back=2)

    await asyncio.sleep(600)

    assert leader.told == [(8, True)]


@pytest.mark.parametrize("fate", ["lost", "silent", "refused", "broken"])
@pytest.mark.parametrize("back", [0.0, 4.9])
def test_one_request_that_fails_costs_no_leadership(fate: Any, back: float) -> None:
    """Whether or not it was done, and however long it took to fail."""

    async def scenario() -> None:
        leases = FakeLeases()
        failing = Passage(fate=fate, back=back)
        leader = Candidate(leases, "a", passages=[Passage(), Passage(), failing])

        await asyncio.sleep(60)

        assert leader.told == [(0, True)]

    run_in_virtual_time(scenario())


@pytest.mark.parametrize("fate", ["silent", "broken"])
def test_a_claim_whose_answer_was_lost_is_taken_up(fate: Any) -> None:
    """The Lease is ours without our knowing; the next look shows it."""

    async def scenario() -> None:
        leases = FakeLeases()
        leader = Candidate(leases, "a", passages=[Passage(), Passage(fate=fate)])

        took = await until(lambda: leader.leading)

        assert took < 6
        assert leases.spec["leaseTransitions"] == 0

    run_in_virtual_time(scenario())


@virtual
async def test_a_process_that_was_frozen_does_not_lead_when_it_wakes() -> None:
    """Not for an instant, before anything in it had time to notice."""
    leases = FakeLeases()
    leader = await a_leader(leases)
    deadline = leases.writes[-1][0] + 10

    freeze(deadline - now() - 0.001)
    just_before = leader.leading
    freeze(0.001)
    just_then = leader.leading
    freeze(600)
    long_after = leader.leading

    assert (just_before, just_then, long_after) == (True, False, False)


@virtual
async def test_an_answer_from_before_the_freeze_makes_nobody_leader() -> None:
    """The renewal was confirmed, but that was long ago: another leads by now."""
    leases = FakeLeases()
    leader = await a_leader(leases)
    leader.client.weather = Passage(back=1)
    await asyncio.sleep(2.5)  # a renewal is done, and its answer on the way

    freeze(60)
    leases.put(holderIdentity="b")
    led = [leader.leading]
    for _ in range(20):
        await asyncio.sleep(0.5)
        led.append(leader.leading)

    assert not any(led)
    assert [leading for _, leading in leader.told] == [True, False]


@virtual
async def test_a_gap_in_the_leadership_is_told() -> None:
    """A renewal that is seen after the deadline begins a new term: work from before is over."""
    leases = FakeLeases()
    refused = Passage(fate="refused")
    passages = [Passage(), Passage(), refused, refused, refused, Passage(back=1)]
    leader = Candidate(leases, "a", passages=passages)

    asyncio.get_running_loop().call_at(9, freeze, 4)  # with the answer there, but not yet read
    await asyncio.sleep(9.1)

    assert leader.told == [(0, True), (13, False), (13, True)]


@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(partial(a_clock, skew=A_YEAR), id="a-year-ahead"),
        pytest.param(partial(a_clock, skew=-A_YEAR), id="a-year-behind"),
        pytest.param(partial(a_clock, rate=0), id="stopped"),
        pytest.param(partial(a_clock, rate=-1), id="backwards"),
    ],
)
@pytest.mark.parametrize("wrong", ["leader", "follower"])
def test_a_wrong_wall_clock_changes_nothing(clock: Callable[[], Any], wrong: str) -> None:
    """Neither makes it two leaders, nor keeps it a dead one in office."""

    async def scenario() -> None:
        leases = FakeLeases()
        leader = await a_leader(leases, clock=clock() if wrong == "leader" else None)
        follower = Candidate(leases, "b", clock=clock() if wrong == "follower" else None)
        await asyncio.sleep(120)
        assert follower.told == []

        await leader.crash()
        await until(lambda: follower.leading, within=20)

    run_in_virtual_time(scenario())


@pytest.mark.parametrize(
    "error",
    [
        UnavailableError,
        UnauthorizedError,
        ForbiddenError,
        NotFoundError,
        ConflictError,
        RejectedError,
        ConfigurationError,
        lambda text: ThrottledError(text, timedelta(seconds=1)),
    ],
)
def test_no_answer_of_the_api_server_ends_the_election(
    error: Callable[[str], OperatorError], caplog: pytest.LogCaptureFixture
) -> None:
    """It goes on at the usual pace, says once what is wrong, and leads when that is over."""

    async def scenario() -> None:
        leases = FakeLeases()
        candidate = Candidate(leases, "a")
        candidate.client.weather = Passage(fate="refused", error=error)
        await asyncio.sleep(60)
        requests = candidate.client.requests
        candidate.client.weather = Passage()
        took = await until(lambda: candidate.leading)

        assert took < 2.5
        assert requests <= 30 * 4  # a look and a write, each twice
        assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
        assert caplog.records[0].__dict__["reason"] == error("").reason

    with caplog.at_level(logging.INFO):
        run_in_virtual_time(scenario())


def test_trouble_that_comes_again_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    """Once each time, with peace in between."""

    async def scenario() -> None:
        leader = await a_leader(FakeLeases())
        for _ in range(2):
            leader.client.expect([HANGING])
            await asyncio.sleep(20)

    with caplog.at_level(logging.WARNING):
        run_in_virtual_time(scenario())

    assert [record.getMessage() for record in caplog.records] == ["election interrupted"] * 2
