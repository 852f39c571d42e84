"""Fixtures of more than one room."""

from collections.abc import Iterator

import pytest

from testbed.control_plane import ControlPlane
from testbed.operator import CRD


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """One control plane for all tests that leave its processes alone.

    Tests share it, so each works in namespaces and with names of its own. A test that kills or
    pauses something starts a control plane for itself.
    """
    with ControlPlane(manifests=[CRD]) as started:
        yield started
