"""What the API server measures of its calls to the webhook."""

from collections.abc import Iterable

from ecr_secrets.core.webhook_configuration import WEBHOOK
from testbed.control_plane import ControlPlane

_CALLS = "apiserver_admission_webhook_request_total"
_FAILED_OPEN = "apiserver_admission_webhook_fail_open_count"
_REFUSED = "apiserver_admission_webhook_rejection_count"
_WAITED = "apiserver_admission_webhook_admission_duration_seconds"
# The first limit of the API server's own above our time-out of 2 s.
_LATE = 'le="2.5"'


def calls(control_plane: ControlPlane) -> int:
    """Count the calls so far."""
    return _count(control_plane, _CALLS)


def failed_open(control_plane: ControlPlane) -> int:
    """Count the calls so far after which a pod was admitted without an answer."""
    return _count(control_plane, _FAILED_OPEN)


def failed_calls(control_plane: ControlPlane) -> int:
    """Count the calls so far after which a pod was admitted without an answer, or refused."""
    return failed_open(control_plane) + _count(control_plane, _REFUSED)


def waits(control_plane: ControlPlane) -> int:
    """Count the pods that have waited for the webhook, answered or not."""
    return _sum(_read(control_plane), f"{_WAITED}_count")


def long_waits(control_plane: ControlPlane) -> int:
    """Count the pods that have waited for the webhook for more than 2.5 s."""
    lines = _read(control_plane)
    return _sum(lines, f"{_WAITED}_count") - _sum(lines, f"{_WAITED}_bucket", _LATE)


def _count(control_plane: ControlPlane, name: str) -> int:
    return _sum(_read(control_plane), name)


def _read(control_plane: ControlPlane) -> list[str]:
    _, text = control_plane.request("GET", "/metrics")
    return str(text).splitlines()


def _sum(lines: Iterable[str], name: str, label: str = "") -> int:
    """Add up a metric over all its labels but those of other webhooks."""
    return sum(
        round(float(line.rpartition(" ")[2]))
        for line in lines
        if line.startswith(f"{name}{{") and f'name="{WEBHOOK}"' in line and label in line
    )
