"""A client may take only so long."""

import asyncio
from datetime import timedelta

import pytest

from ecr_secrets.webhook.patience import Patience
from tests.fakes.virtual_time import run_in_virtual_time

LIMIT = timedelta(seconds=5)


@pytest.mark.parametrize(
    ("moments", "runs_out"),
    [
        pytest.param([], None, id="nothing-is-waited-for"),
        pytest.param([(0, "begin")], 5.0, id="it-takes-too-long"),
        pytest.param([(0, "begin"), (4.9, "end")], None, id="it-ends-in-time"),
        pytest.param([(0, "begin"), (4, "begin")], 5.0, id="going-on-gives-no-more-time"),
        pytest.param([(0, "begin"), (3, "end"), (4, "begin")], 9.0, id="the-next-one-has-its-own"),
        pytest.param([(0, "end"), (1, "begin"), (2, "end"), (3, "end")], None, id="ends-twice"),
    ],
)
def test_when_patience_runs_out(moments: list[tuple[float, str]], runs_out: float | None) -> None:
    """It is granted anew for each wait, and not lengthened by trickles."""
    ran_out: list[float] = []

    async def live() -> None:
        loop = asyncio.get_running_loop()
        patience = Patience(LIMIT, lambda: ran_out.append(loop.time()))
        for at, what in moments:
            loop.call_at(at, {"begin": patience.begin, "end": patience.end}[what])
        await asyncio.sleep(100)

    run_in_virtual_time(live())

    assert ran_out == ([runs_out] if runs_out else [])
