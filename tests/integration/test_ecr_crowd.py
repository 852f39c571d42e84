"""Many identities in regions that hang, and what the others notice of them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from testbed.aws import faults
from tests.fakes.eventually import eventually
from tests.integration.at_aws import IRELAND, VIRGINIA, World, a_world

SLOW = faults.drip(timedelta(seconds=1))  # until the deadline
CROWD = 64  # identities in each region; as many as there are threads


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[World]:
    """The fake AWS and our client of it."""
    async with a_world(monkeypatch, tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    "regions",
    [
        pytest.param([VIRGINIA], id="one"),
        pytest.param([VIRGINIA, "us-west-2", "ap-south-1"], id="three"),
    ],
)
async def test_a_crowd_in_regions_that_hang_delays_no_other(
    world: World, regions: list[str]
) -> None:
    """However many wait for regions that hang, another region's token comes as if alone."""
    crowd = [world.user() for _ in range(CROWD)]
    for region in regions:
        world.aws.misbehave(SLOW, region=region)
    stuck = [
        asyncio.create_task(world.ecr.fetch(who, region)) for region in regions for who in crowd
    ]
    await eventually(lambda: world.aws.count() >= CROWD / 2)  # threads are scarce

    token = await world.ecr.fetch(crowd[0], IRELAND)

    assert token.region == IRELAND
    assert not any(task.done() for task in stuck)
    for task in stuck:
        task.cancel()
    await asyncio.wait(stuck)
