"""An election in virtual time while somebody deletes or edits the Lease."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.fakes.candidates import Candidate, a_leader, a_pair, now, until, virtual
from tests.fakes.leases import FakeLeases, Passage
from tests.fakes.virtual_time import run_in_virtual_time

HANGING = Passage(fate="lost")


@virtual
async def test_a_deleted_lease_is_made_anew_by_its_leader() -> None:
    """Whoever deletes it by mistake changes nothing."""
    leases = FakeLeases()
    leader, follower = await a_pair(leases)

    leases.delete()
    await asyncio.sleep(60)

    assert (leader.told, follower.told) == ([(0, True)], [])
    assert leases.spec["holderIdentity"] == "a"


@virtual
async def test_a_lease_deleted_while_its_leader_cannot_see_it_is_waited_for() -> None:
    """No Lease does not mean no leader: that one may still work until its deadline."""
    leases = FakeLeases()
    leader, follower = await a_pair(leases)
    leader.client.weather = HANGING

    leases.delete()
    deleted = now()
    await until(lambda: follower.leading, within=20)

    assert leader.told[-1][0] < deleted + 10
    assert follower.told[0][0] >= deleted + 15


def _edited(leases: FakeLeases, **spec: Any) -> None:
    leases.put(**spec)


@pytest.mark.parametrize(
    "meddle",
    [
        pytest.param(FakeLeases.delete, id="deleted"),
        pytest.param(partial(_edited, holderIdentity="nobody"), id="held-by-the-dead"),
        pytest.param(partial(_edited, holderIdentity=""), id="freed"),
        pytest.param(partial(_edited, holderIdentity=None), id="emptied"),
        pytest.param(
            partial(_edited, holderIdentity="x", leaseDurationSeconds=99_999_999), id="for-years"
        ),
        pytest.param(
            partial(_edited, holderIdentity="x", renewTime="9999-12-31T23:59:59.999999Z"),
            id="renewed-in-8000-years",
        ),
        pytest.param(partial(_edited, holderIdentity="x", leaseTransitions=2**31 - 1), id="worn"),
    ],
)
@pytest.mark.parametrize("crashed", [True, False], ids=["leader-dead", "leader-alive"])
def test_whatever_is_done_to_the_lease_there_is_a_leader_within_20_seconds(
    meddle: Callable[[FakeLeases], None], crashed: bool
) -> None:
    """A Lease that was deleted or edited by hand is nothing to repair by hand."""

    async def scenario() -> None:
        leases = FakeLeases()
        leader, follower = await a_pair(leases)
        if crashed:
            await leader.crash()
        meddle(leases)
        await asyncio.sleep(2.5)  # by then whoever is alive has noticed

        await until(lambda: leader.leading != follower.leading, within=17.5)
        held_by = leases.spec["holderIdentity"]
        await asyncio.sleep(60)

        assert (leader.leading, follower.leading) == (held_by == "a", held_by == "b")

    run_in_virtual_time(scenario())


@virtual
async def test_a_leader_obeys_a_lease_that_names_another() -> None:
    """It stops as soon as it sees it, long before its deadline."""
    leases = FakeLeases()
    leader, _ = await a_pair(leases)

    leases.put(holderIdentity="c")
    took = await until(lambda: not leader.leading)

    assert took < 2.5


@virtual
async def test_a_dead_leaders_lease_cannot_be_kept_alive_by_labels() -> None:
    """Only what the Lease says is a sign of life, not that its metadata changes."""
    leases = FakeLeases()
    leader, follower = await a_pair(leases)
    await leader.crash()

    for _ in range(20):
        leases.put()
        await asyncio.sleep(1)

    assert follower.leading


@virtual
async def test_a_leader_whose_lease_is_labelled_stays_leader() -> None:
    """An edit between two renewals costs a look, not the leadership."""
    leases = FakeLeases()
    leader = await a_leader(leases)

    for _ in range(60):
        leases.put()
        await asyncio.sleep(1)

    assert leader.told == [(0, True)]


@virtual
async def test_what_is_not_ours_in_the_lease_is_left_alone() -> None:
    """Fields of coordinated election stay as they were, whatever happens to the others."""
    leases = FakeLeases()
    leases.put(preferredHolder="z", strategy="OldestEmulationVersion")

    leader = await a_leader(leases)
    await asyncio.sleep(10)
    await leader.shut_down()

    assert leases.spec["preferredHolder"] == "z"
    assert leases.spec["strategy"] == "OldestEmulationVersion"
    assert leases.spec["holderIdentity"] == ""


@virtual
async def test_an_answer_that_names_another_makes_no_leader() -> None:
    """What counts is what stands there, not what was asked for."""
    leases = FakeLeases()
    leases.mutation = {"holderIdentity": "z"}
    candidate = Candidate(leases, "a")

    await asyncio.sleep(60)

    assert candidate.told == []
