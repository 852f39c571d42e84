"""A pair that lasts for several tests, as one of them gets it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.replicas.pair import Pair
from tests.cluster.stage import Site, Stage

_LOG_SHOWN = 8000  # characters of each, with a test that failed


@contextmanager
def lent(lasting_pair: Pair) -> Iterator[Pair]:
    """Lend two replicas, both up; a test may do to them what it likes."""
    lasting_pair.until_whole()
    yield lasting_pair
    for name, operator in lasting_pair.replicas.items():  # pytest shows it if the test failed
        sys.stderr.write(f"--- {name}\n{operator.log_text()[-_LOG_SHOWN:]}")


def stage_of(pair: Pair) -> Stage:
    """Make a corner of the cluster that a pair serves."""
    cluster = pair.cluster
    return Stage(
        Site(control_plane=cluster.control_plane, aws=cluster.aws, operator=pair.replicas["a"])
    )
