"""A credential with nothing to do costs next to nothing."""

import asyncio

from tests.fakes.operation import CREDENTIAL, Operation
from tests.fakes.virtual_time import run_in_virtual_time


def test_what_only_pods_renew_is_seldom_looked_at() -> None:
    """Past half of its life a token is not due under `OnPodAdmission`: a look every 45 s."""

    async def scenario() -> int:
        async with Operation("shop", stale=True) as operation:
            operation.queue.add(CREDENTIAL)
            await asyncio.sleep(3600)
            return operation.looks()

    assert run_in_virtual_time(scenario()) == 3600 / 45
