"""Waiting for a condition, never without a deadline."""

import time
from collections.abc import Callable
from datetime import timedelta

from testbed.errors import ControlPlaneError

_PAUSE = timedelta(milliseconds=20)  # short against what is waited for: seconds


def wait_for(what: str, condition: Callable[[], bool], timeout: timedelta) -> None:
    """Return as soon as the condition holds.

    Raises:
        ControlPlaneError: it still does not hold after `timeout`; names `what` was waited for.
    """
    deadline = time.monotonic() + timeout.total_seconds()
    while not condition():
        if time.monotonic() > deadline:
            raise ControlPlaneError(f"{what}: not seen within {timeout.total_seconds():g} s")
        time.sleep(_PAUSE.total_seconds())  # what is waited for tells nobody when it comes true
