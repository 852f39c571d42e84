"""Other operators in place of a site's own for a while, with other flags."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from testbed.operator import Operator
from tests.cluster.stage import Site


@contextmanager
def resting(site: Site) -> Iterator[Site]:
    """Let the operator of a site rest; afterwards it serves the site again."""
    if site.operator.process.exit_code is None:
        assert site.operator.stop() == 0
    try:
        yield site
    finally:
        site.operator.start()


@contextmanager
def operated(rested: Site, *arguments: str, webhook: bool = True) -> Iterator[Site]:
    """Have a site whose operator rests served by another one.

    Args:
        rested: the site.
        arguments: flags of `ecr-secrets run`.
        webhook: whether it answers pods.
    """
    control_plane, environment = rested.control_plane, rested.aws.environment()
    flags = ("--log-level", "debug", *arguments)
    with Operator(control_plane, environment, arguments=flags, webhook=webhook) as operator:
        yield replace(rested, operator=operator)
        if operator.process.exit_code is None:
            operator.stop()  # gives up its Lease, for the next one not to wait
