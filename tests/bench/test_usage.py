"""Processor time and memory are read as the system counts them."""

import os
import time

import pytest

from bench.usage import cpu_seconds, peak_mib, reset_peak, resident_mib

_PID = os.getpid()
_MIB = 1 << 20


def test_processor_time_is_that_of_the_process() -> None:
    """The system counts in ticks of 10 ms, in user and kernel mode apart."""
    assert cpu_seconds(_PID) == pytest.approx(time.process_time(), abs=0.05)


def test_a_peak_is_remembered_until_it_is_reset() -> None:
    """Each phase has a peak of its own, although the process lives on."""
    before = resident_mib(_PID)
    block = b"x" * (64 * _MIB)
    high = resident_mib(_PID)
    del block

    peak = peak_mib(_PID)
    reset_peak(_PID)

    assert high > before + 60
    assert peak >= high - 1  # the system counts pages in batches
    assert peak_mib(_PID) < peak - 60
