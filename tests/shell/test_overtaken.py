"""A status that came too late is decided anew."""

import asyncio

import pytest

from tests.fakes.operation import Operation
from tests.fakes.virtual_time import run_in_virtual_time


@pytest.mark.parametrize(
    ("overtaken", "looks"),
    [pytest.param(True, 3, id="overtaken"), pytest.param(False, 1, id="not")],
)
def test_a_credential_that_changed_meanwhile_is_looked_at_again(
    overtaken: bool,
    looks: int,
) -> None:
    """When the watch has had a moment to show it, and until the status stands."""

    async def scenario() -> int:
        async with Operation("shop") as operation:
            operation.overtake_statuses(overtaken)
            await operation.pod("shop")
            await asyncio.sleep(0.7)
            operation.overtake_statuses(False)
            await asyncio.sleep(10)
            return operation.looks()

    assert run_in_virtual_time(scenario()) == looks
