"""What the operator asked of the API server, as the audit log tells."""

from collections.abc import Sequence
from datetime import timedelta

from testbed.audit import AuditEvent
from testbed.control_plane import ControlPlane
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT
from testbed.waiting import wait_for

OPERATOR = f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"

_WRITES = ("create", "update", "patch", "delete", "deletecollection")
_LAST = timedelta(seconds=10)


def requests_of_operator(control_plane: ControlPlane, *, since: int = 0) -> list[AuditEvent]:
    """Return the operator's requests that are answered by now.

    Args:
        since: how many entries of the whole log to leave out, see `position`.
    """
    position(control_plane)  # what was answered before this is in the log
    return [event for event in control_plane.audit()[since:] if event.user == OPERATOR]


def position(control_plane: ControlPlane) -> int:
    """Return the length of the log, once it holds everything answered until now."""
    before = len(control_plane.audit())
    mark = f"/version?mark={before}"
    control_plane.request("GET", mark)
    wait_for(
        "the audit log is up to date",
        lambda: any(event.uri == mark for event in control_plane.audit()[before:]),
        _LAST,
    )
    return len(control_plane.audit())


def writes(events: Sequence[AuditEvent]) -> list[AuditEvent]:
    """Leave out what changes nothing, and the Lease, which is renewed all the time."""
    changing = (event for event in events if event.verb in _WRITES)
    return [event for event in changing if event.resource != "leases"]


def writes_abroad(events: Sequence[AuditEvent]) -> list[AuditEvent]:
    """Leave out its own namespace as well.

    A change of the webhook's authorities, which another test may have set off, comes to its end
    there a minute later.
    """
    return [event for event in writes(events) if event.namespace != NAMESPACE]
