"""How soon the operator follows, over several occasions, one of which a busy machine may spoil."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from testbed.waiting import wait_for
from tests.cluster.stage import SOON

PROMISED = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Promptness:
    """How long each of the occasions took. A machine that runs tests may stall in one of them."""

    spans: list[timedelta] = field(default_factory=list)

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for a condition, and note how long that took."""
        began = time.monotonic()
        wait_for(what, condition, SOON)
        self.spans.append(timedelta(seconds=time.monotonic() - began))

    def second_longest(self) -> timedelta:
        """Return it, of all that was noted; with less than two, the test is skipped."""
        if len(self.spans) < 2:
            pytest.skip("not enough occasions were among the tests that were chosen")
        return sorted(self.spans)[-2]
