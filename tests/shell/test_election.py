"""One election in virtual time: who leads, until when, and who comes next."""

import asyncio
import logging

import pytest

from ecr_secrets import metrics
from tests.fakes.candidates import Candidate, a_leader, a_pair, now, until, virtual
from tests.fakes.leases import FakeLeases, Passage
from tests.fakes.virtual_time import run_in_virtual_time

HANGING = Passage(fate="lost")


@virtual
async def test_the_first_one_leads_at_once_and_says_so_in_the_lease() -> None:
    """A fresh installation has a leader from the start, and `kubectl get lease` shows it."""
    leases = FakeLeases()
    first = Candidate(leases, "a")

    await asyncio.sleep(0.1)

    assert first.told == [(0, True)]
    assert leases.spec == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-03-01T00:00:00.000000Z",
        "renewTime": "2026-03-01T00:00:00.000000Z",
        "leaseTransitions": 0,
    }


@virtual
async def test_a_leader_stays_one_and_the_others_stand_by() -> None:
    """For an hour nothing changes, at one request in two seconds by each."""
    leases = FakeLeases()
    leader, follower = await a_pair(leases)

    await asyncio.sleep(3600)

    assert (leader.told, follower.told) == ([(0, True)], [])
    assert {holder for _, holder in leases.writes} == {"a"}
    assert leases.spec["leaseTransitions"] == 0
    assert leases.spec["acquireTime"] == "2026-03-01T00:00:00.000000Z"
    assert max(leader.client.requests, follower.client.requests) < 1805


def test_of_many_that_start_at_once_one_leads() -> None:
    """Who creates the Lease first is up to the API server, and the others accept it."""

    async def scenario() -> None:
        leases = FakeLeases()
        candidates = [Candidate(leases, str(number)) for number in range(5)]

        await asyncio.sleep(60)

        assert [len(candidate.told) for candidate in candidates] == [1, 0, 0, 0, 0]
        assert leases.spec["leaseTransitions"] == 0

    run_in_virtual_time(scenario())


@pytest.mark.parametrize("moment", [3.0, 3.5, 3.99, 4.0, 4.01, 5.9])
@pytest.mark.parametrize("jitter", [0.0, 0.999])
def test_a_crash_is_followed_by_another_leader_within_20_seconds(
    moment: float, jitter: float
) -> None:
    """Wherever between two renewals and two looks the crash falls."""

    async def scenario() -> None:
        leases = FakeLeases()
        leader = await a_leader(leases)
        follower = Candidate(leases, "b", jitter=jitter)
        await asyncio.sleep(moment)

        await leader.crash()
        took = await until(lambda: follower.leading, within=20)

        assert 12.5 < took < 17.6  # 15 s after the last renewal that was seen
        assert (leases.spec["holderIdentity"], leases.spec["leaseTransitions"]) == ("b", 1)

    run_in_virtual_time(scenario())


@virtual
async def test_a_release_is_followed_by_another_leader_within_3_seconds() -> None:
    """A rolling update costs no time to speak of."""
    leases = FakeLeases()
    leader, follower = await a_pair(leases)

    await leader.shut_down()
    free = leases.spec
    await until(lambda: follower.leading, within=3)

    assert (free["holderIdentity"], free["leaseDurationSeconds"]) == ("", 1)
    assert (leases.spec["holderIdentity"], leases.spec["leaseTransitions"]) == ("b", 1)


@virtual
async def test_the_lease_is_given_up_only_by_one_that_leads_no_more() -> None:
    """Between the word that it is over and the release, nobody leads."""
    leases = FakeLeases()
    leader, _ = await a_pair(leases)
    leader.client.weather = Passage(there=1)

    released_at = now()
    await leader.shut_down()

    assert leader.told[-1] == (released_at, False)
    assert leases.writes[-1] == (released_at + 2, "")  # a look, and the write


@virtual
async def test_ending_the_race_is_not_ending_the_leadership() -> None:
    """Until the deadline the work may come to its end, also when `run` was cancelled before."""
    leases = FakeLeases()
    leader = await a_leader(leases)

    leader.task.cancel()
    await asyncio.wait([leader.task])

    assert leader.leading
    assert leases.spec["holderIdentity"] == "a"


@virtual
async def test_a_renewal_under_way_does_not_keep_the_lease_from_being_released() -> None:
    """The last renewal arrives after the look that the release begins with."""
    leases = FakeLeases()
    leader = await a_leader(leases)
    leader.client.expect([Passage(there=1.5)])
    leader.client.weather = Passage(there=1)
    await asyncio.sleep(2)  # the renewal is on its way

    await leader.shut_down()
    await asyncio.sleep(60)

    assert [holder for _, holder in leases.writes] == ["a", "a", ""]


@virtual
async def test_a_follower_releases_nothing() -> None:
    """A replica that stood by leaves the leader alone when it ends."""
    leases = FakeLeases()
    leader, follower = await a_pair(leases)
    requests = follower.client.requests

    await follower.shut_down()

    assert leader.leading
    assert leases.spec["holderIdentity"] == "a"
    assert follower.client.requests == requests


@virtual
async def test_one_that_was_overtaken_leaves_its_successors_lease_alone() -> None:
    """What it once held is somebody else's by now."""
    leases = FakeLeases()
    leader = await a_leader(leases)
    leases.put(holderIdentity="b")

    await leader.shut_down()

    assert leases.spec["holderIdentity"] == "b"


@virtual
async def test_a_release_that_hangs_ends() -> None:
    """A process that ends waits for the API server no longer than for any request."""
    leases = FakeLeases()
    leader = await a_leader(leases)
    leader.client.weather = HANGING

    began = now()
    await leader.shut_down()

    assert now() - began == 5


@virtual
async def test_a_restart_under_the_same_name_leads_at_once() -> None:
    """A container that crashed and was started again need not wait for itself."""
    leases = FakeLeases()
    leader = await a_leader(leases)
    await leader.crash()

    again = Candidate(leases, "a")
    took = await until(lambda: again.leading)

    assert took < 0.2
    assert leases.spec["leaseTransitions"] == 0


def test_each_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The logs of two replicas tell who led when, and no more."""

    async def scenario() -> None:
        leases = FakeLeases()
        leader, follower = await a_pair(leases)
        await asyncio.sleep(60)
        await leader.shut_down()
        await until(lambda: follower.leading)
        follower.client.weather = HANGING
        await asyncio.sleep(60)

    with caplog.at_level(logging.INFO):
        run_in_virtual_time(scenario())

    said = [(record.getMessage(), record.__dict__.get("leader")) for record in caplog.records]
    assert said == [
        ("started leading", "a"),
        ("new leader seen", "a"),
        ("stopped leading", "a"),
        ("started leading", "b"),
        ("election interrupted", None),
        ("stopped leading", "b"),
    ]
    assert {record.__dict__["object"] for record in caplog.records} == {"operator/leader"}


@virtual
async def test_the_metric_says_whether_this_replica_leads() -> None:
    """One is the leader, zero is everybody else."""
    values = [metrics.REGISTRY.get_sample_value("ecr_secrets_leader")]
    leader = await a_leader(FakeLeases())
    values.append(metrics.REGISTRY.get_sample_value("ecr_secrets_leader"))

    await leader.shut_down()
    values.append(metrics.REGISTRY.get_sample_value("ecr_secrets_leader"))

    assert values[1:] == [1, 0]


def test_nobody_leads_before_the_start() -> None:
    """A candidate that does not run is none."""

    async def scenario() -> None:
        candidate = Candidate(FakeLeases(), "a")

        assert not candidate.leading
        await candidate.shut_down()  # and has nothing to release
        assert candidate.client.requests == 0

    run_in_virtual_time(scenario())
