"""The operator as its own process on a real API server, for the tests of this room."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from testbed.control_plane import ControlPlane
from testbed.operator import CRD, Operator, install
from tests.cluster.aws_thread import AwsThread
from tests.cluster.stage import Site, Stage

_DEBUG = ("--log-level", "debug")
# Slow enough that a rollout of some hundred namespaces can be caught in the act.
_SLOWLY = ("--max-writes-per-second", "200")
_LOG_SHOWN = 8000  # characters, with a test that failed


@contextmanager
def _operated(control_plane: ControlPlane, arguments: Sequence[str]) -> Iterator[Site]:
    install(control_plane)
    with (
        AwsThread() as aws,
        Operator(control_plane, aws.environment(), arguments=arguments) as operator,
    ):
        yield Site(control_plane=control_plane, aws=aws, operator=operator)


@pytest.fixture(scope="package")
def site(control_plane: ControlPlane) -> Iterator[Site]:
    """The shared control plane, served by one operator.

    A test may stop the operator if it starts it again, and leaves everything else alone.
    """
    with _operated(control_plane, _DEBUG) as operated:
        yield operated


@pytest.fixture(scope="package")
def spare_site() -> Iterator[Site]:
    """A control plane whose processes may be killed and paused, if they are brought back."""
    with (
        ControlPlane(manifests=[CRD]) as control_plane,
        _operated(control_plane, (*_DEBUG, *_SLOWLY)) as operated,
    ):
        yield operated


@pytest.fixture(scope="package")
def many_namespaces(spare_site: Site) -> list[str]:
    """A thousand namespaces on the spare site, for everybody: secret names tell tests apart."""
    with Stage(spare_site) as stage:
        return stage.make_namespaces(*(f"{number:04}" for number in range(1000)))


@pytest.fixture
def stage(site: Site) -> Iterator[Stage]:
    """A corner of the shared site."""
    yield from _staged(site)


@pytest.fixture
def spare_stage(spare_site: Site) -> Iterator[Stage]:
    """A corner of the site where processes may die."""
    yield from _staged(spare_site)


def _staged(site: Site) -> Iterator[Stage]:
    with Stage(site) as made:
        yield made
    sys.stderr.write(site.operator.log_text()[-_LOG_SHOWN:])  # pytest shows it if the test failed
