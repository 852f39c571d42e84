"""One namespace for all tests of this room, and a Secret for each."""

from collections.abc import Iterator

import pytest

from ecr_secrets.core.objects import ObjectKey
from testbed.control_plane import ControlPlane
from testbed.operator import install
from tests.cluster.admission_policy.ward import Ward


@pytest.fixture(scope="package")
def ward(control_plane: ControlPlane) -> Iterator[Ward]:
    """A namespace of these tests alone, on a cluster where the policy is in force."""
    install(control_plane)
    with Ward(control_plane) as made:
        yield made


@pytest.fixture
def key(ward: Ward) -> Iterator[ObjectKey]:
    """A Secret of the test's own, not there yet."""
    key = ward.new_key()
    yield key
    ward.api.delete("Secret", key.name, key.namespace)
