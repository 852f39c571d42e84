"""A pair that lasts for several tests, as one of them gets it: fixtures for rooms that have one.

A room has a `lasting_pair` of its own, and names these in its `conftest.py`.
"""

import sys
from collections.abc import Iterator

import pytest

from tests.cluster.canaries import note_operator
from tests.cluster.replicas.pair import Pair
from tests.cluster.stage import Site, Stage

_LOG_SHOWN = 8000  # characters of each, with a test that failed


@pytest.fixture
def pair(lasting_pair: Pair) -> Iterator[Pair]:
    """Two replicas, both up; a test may do to them what it likes."""
    lasting_pair.until_whole()
    for name, operator in lasting_pair.replicas.items():  # as the test before has left it
        note_operator(f"replica {name}", operator)
    yield lasting_pair
    for name, operator in lasting_pair.replicas.items():  # pytest shows it if the test failed
        sys.stderr.write(f"--- {name}\n{operator.log_text()[-_LOG_SHOWN:]}")


@pytest.fixture
def stage(pair: Pair) -> Iterator[Stage]:
    """A corner of the cluster that the pair serves."""
    cluster = pair.cluster
    site = Site(control_plane=cluster.control_plane, aws=cluster.aws, operator=pair.replicas["a"])
    with Stage(site) as made:
        yield made
