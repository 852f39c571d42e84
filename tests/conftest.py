"""What holds in more than one room: fixtures, and how properties are tried out."""

import gc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from testbed.control_plane import ControlPlane
from testbed.operator import CRD, Operator
from tests.cluster.aws_thread import AwsThread
from tests.cluster.canaries import texts_so_far, where_secrets_are_said

# A busy machine is no failure: what properties promise are decisions, not their speed.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """One control plane for all tests that leave its processes alone.

    Tests share it, so each works in namespaces and with names of its own. A test that kills or
    pauses something starts a control plane for itself.
    """
    with ControlPlane(manifests=[CRD]) as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def kept_logs() -> Iterator[Path]:
    """A folder with the logs of all operators that have ended, whichever room they ran in.

    At the end of the session no secret stands in them, nor in what was noted of clusters and of
    operators' metrics. If one does, the last test has an error, which names where.
    """
    with TemporaryDirectory(prefix="ecr-logs-") as folder:
        Operator.kept_logs = Path(folder)
        yield Operator.kept_logs
        Operator.kept_logs = None
        said = where_secrets_are_said(AwsThread.noted, texts_so_far(Path(folder)))
        assert not said, f"a secret is said in: {', '.join(said)}"


@pytest.fixture(scope="module", autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """Have a module answer for the sockets and tasks that it leaves open.

    They are noticed when garbage is collected, which else is in the middle of some other module.
    """
    yield
    gc.collect()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what was skipped by its reason: the list above has a line for each place."""
    skipped = (report.longrepr for report in terminalreporter.stats.get("skipped", []))
    reasons = Counter(where[2].removeprefix("Skipped: ") for where in skipped)
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} skipped: {reason}")
