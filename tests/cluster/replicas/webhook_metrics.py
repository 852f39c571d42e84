"""What the API server counts of its calls to the webhook."""

from testbed.control_plane import ControlPlane

_CALLS = "apiserver_admission_webhook_request_total"
_FAILED = (
    "apiserver_admission_webhook_fail_open_count",
    "apiserver_admission_webhook_rejection_count",
)


def calls(control_plane: ControlPlane) -> int:
    """Count the calls so far."""
    return _sum(control_plane, _CALLS)


def failed_calls(control_plane: ControlPlane) -> int:
    """Count the calls so far after which a pod was admitted without an answer, or refused."""
    return _sum(control_plane, *_FAILED)


def _sum(control_plane: ControlPlane, *names: str) -> int:
    _, text = control_plane.request("GET", "/metrics")
    lines = [line for line in str(text).splitlines() if line.startswith(names)]
    return round(sum(float(line.rpartition(" ")[2]) for line in lines))
