"""Elections on a real API server, five times as fast as usual."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from ecr_secrets.kube.resource import LEASES
from testbed.control_plane import ControlPlane
from tests.cluster.elections import (
    FAIL_OVER,
    RELEASED,
    SOME_ATTEMPTS,
    Office,
    a_candidate,
    a_client,
    an_office,
    leading,
)
from tests.fakes.eventually import eventually
from tests.fakes.relay import relay
from tests.fakes.scripted_watch import running_in_background


@pytest.fixture
async def office(control_plane: ControlPlane) -> AsyncIterator[Office]:
    """A Lease that is not there yet."""
    async with an_office(control_plane) as made:
        yield made


async def test_the_lease_says_who_leads_and_is_renewed(office: Office) -> None:
    """The API server keeps it as it is written, and `kubectl get lease` shows the holder."""
    async with leading(a_candidate(office, "a")):
        first = await office.read()
        await office.until_renewed()
        later = await office.read()

    spec = first["spec"]
    assert spec == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 3,
        "acquireTime": spec["renewTime"],
        "renewTime": spec["renewTime"],
        "leaseTransitions": 0,
    }
    assert later["spec"] == spec | {"renewTime": later["spec"]["renewTime"]}
    assert later["spec"]["renewTime"] > spec["renewTime"]
    assert later["metadata"]["uid"] == first["metadata"]["uid"]


async def test_of_many_that_start_at_once_one_leads(office: Office) -> None:
    """The API server lets one create the Lease and refuses the others, who accept that."""
    told: list[bool] = []
    candidates = {
        str(number): a_candidate(office, str(number), on_change=told.append) for number in range(8)
    }

    async with AsyncExitStack() as stack:
        for candidate in candidates.values():
            await stack.enter_async_context(running_in_background(candidate.run()))
        await eventually(lambda: len(told) > 0)
        await asyncio.sleep(SOME_ATTEMPTS)
        leaders = [name for name, candidate in candidates.items() if candidate.leading]
        spec = await office.spec()

    assert told == [True]
    assert leaders == [spec["holderIdentity"]]
    assert spec["leaseTransitions"] == 0


async def test_a_crash_is_followed_by_another_leader(office: Office) -> None:
    """Not before the crashed one's deadline, and soon after its Lease has ended."""
    leader = a_candidate(office, "a")
    at_once: list[bool] = []  # whether both led when the follower began
    follower = a_candidate(office, "b", on_change=lambda _: at_once.append(leader.leading))

    async with AsyncExitStack() as stack:
        async with leading(leader):
            await stack.enter_async_context(running_in_background(follower.run()))
            await asyncio.sleep(SOME_ATTEMPTS)
        await eventually(lambda: follower.leading, within=FAIL_OVER)
        spec = await office.spec()

    assert at_once == [False]
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("b", 1)


async def test_a_release_is_followed_by_another_leader_at_once(office: Office) -> None:
    """The next look of the one that stands by finds the Lease free."""
    leader, follower = a_candidate(office, "a"), a_candidate(office, "b")

    async with AsyncExitStack() as stack:
        async with leading(leader):
            await stack.enter_async_context(running_in_background(follower.run()))
            await asyncio.sleep(SOME_ATTEMPTS)
        await leader.release()
        led = leader.leading
        await eventually(lambda: follower.leading, within=RELEASED)

    assert not led


async def test_a_released_lease_shows_no_holder(office: Office) -> None:
    """The API server accepts a release as client-go writes it."""
    leader = a_candidate(office, "a")
    async with leading(leader):
        before = await office.spec()

    await leader.release()
    after = await office.spec()

    assert after == before | {
        "holderIdentity": "",
        "leaseDurationSeconds": 1,
        "renewTime": after["renewTime"],
    }


async def test_a_deleted_lease_is_made_anew_by_its_leader(office: Office) -> None:
    """Deleting it by mistake changes nothing: it comes back, and nobody else leads."""
    leader = a_candidate(office, "a")
    told: list[bool] = []
    follower = a_candidate(office, "b", on_change=told.append)

    async with leading(leader), running_in_background(follower.run()):
        await asyncio.sleep(SOME_ATTEMPTS)
        for _ in range(3):
            await office.delete()
            await eventually(office.exists, within=FAIL_OVER)
        led = leader.leading
        spec = await office.spec()

    assert (led, told) == (True, [])
    assert spec["holderIdentity"] == "a"


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param({}, id="held-by-the-dead"),
        pytest.param({"leaseDurationSeconds": 2**31 - 1}, id="for-68-years"),
        pytest.param({"leaseTransitions": 2**31 - 1}, id="worn-out"),
        pytest.param({"renewTime": "9999-12-31T23:59:59.999999Z"}, id="from-the-future"),
        pytest.param({"renewTime": None, "leaseDurationSeconds": None}, id="without-times"),
    ],
)
async def test_an_edited_lease_is_no_obstacle(office: Office, edit: dict[str, Any]) -> None:
    """Whatever somebody has written into it, there is a leader again."""
    leader = a_candidate(office, "a")

    async with leading(leader):
        await office.edit({"spec": {"holderIdentity": "nobody", **edit}})
        await eventually(lambda: not leader.leading, within=FAIL_OVER)
        await eventually(lambda: leader.leading, within=FAIL_OVER)
        spec = await office.spec()

    assert (spec["holderIdentity"], spec["leaseDurationSeconds"]) == ("a", 3)


async def test_what_others_have_put_on_the_lease_is_left_alone(office: Office) -> None:
    """Labels, annotations and finalizers survive renewal, release and takeover."""
    theirs = {"labels": {"a": "b"}, "annotations": {"c": "d"}, "finalizers": ["example.com/e"]}
    leader = a_candidate(office, "a")

    async with leading(leader):
        await office.edit({"metadata": theirs})
        await office.until_renewed()
    await leader.release()
    async with leading(a_candidate(office, "b")):
        found = await office.read()
    await office.edit({"metadata": {"finalizers": None}})

    assert {name: found["metadata"][name] for name in theirs} == theirs
    assert found["spec"]["holderIdentity"] == "b"


async def test_a_lease_that_stands_there_empty_is_taken(office: Office) -> None:
    """It may be part of somebody's manifests, with fields that are theirs."""
    theirs = {"strategy": "OldestEmulationVersion", "preferredHolder": "z"}
    manifest = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": office.key.name},
        "spec": theirs,
    }
    namespace = office.key.namespace
    await office.client.create(LEASES, manifest, namespace=namespace, into=msgspec.Raw)
    kept = await office.spec()  # without the feature, the API server drops them

    async with leading(a_candidate(office, "a")):
        spec = await office.spec()

    assert spec["holderIdentity"] == "a"
    assert {name: spec[name] for name in theirs if name in spec} == kept


async def test_a_leader_that_gets_no_answer_stops_in_time(
    office: Office, control_plane: ControlPlane
) -> None:
    """Cut off without a word, it stops before another begins, and stands by when it is back."""
    port = urlsplit(control_plane.url).port
    assert port is not None

    async with relay(port) as way, a_client(control_plane.kubeconfig, port=way.port) as client:
        leader = a_candidate(office, "a", client=client)
        at_once: list[bool] = []  # whether both led when the follower began
        follower = a_candidate(office, "b", on_change=lambda _: at_once.append(leader.leading))
        async with leading(leader), running_in_background(follower.run()):
            await asyncio.sleep(SOME_ATTEMPTS)
            way.hold()
            await eventually(lambda: follower.leading, within=FAIL_OVER)
            way.let_go()
            await asyncio.sleep(SOME_ATTEMPTS)
            leads_again = leader.leading
            spec = await office.spec()

    assert (at_once, leads_again) == ([False], False)
    assert spec["holderIdentity"] == "b"
