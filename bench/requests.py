"""What one user asked of the API server, read from the audit log while it grows.

Watching the log costs neither the API server nor the operator anything, as polling would.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that was answered, or a watch that has begun."""

    verb: str
    resource: str
    subresource: str
    status: int  # HTTP
    answered_at: datetime

    @property
    def is_write(self) -> bool:
        """Whether it asks for a change, other than of the Lease, which is renewed all the time."""
        return self.verb in _WRITES and self.resource != "leases"

    @property
    def wrote_secret(self) -> bool:
        """Whether it created or changed a Secret."""
        return self.resource == "secrets" and self.verb == "patch" and self.status < 300


class RequestLog:
    """Reads the entries of one user that were added since it was made."""

    def __init__(self, path: Path, user: str) -> None:
        self._path = path
        self._user = user
        self._offset = path.stat().st_size  # bytes; at the start of a line, or just before one

    def read(self) -> list[Request]:
        """Return what came since the last time."""
        with self._path.open("rb") as log:
            log.seek(self._offset)
            lines = log.read()
        lines = lines[: lines.rfind(b"\n") + 1]  # the last one may be half written
        self._offset += len(lines)
        entries = (_DECODER.decode(line) for line in lines.splitlines() if line.startswith(b"{"))
        return [
            _request(entry)
            for entry in entries
            if entry.user.username == self._user and _counts(entry)
        ]


class _User(msgspec.Struct):
    username: str = ""


class _Reference(msgspec.Struct):
    resource: str = ""
    subresource: str = ""


class _Status(msgspec.Struct):
    code: int = 0


class _Entry(msgspec.Struct, rename="camel"):
    """The fields read of audit.k8s.io/v1, kind Event."""

    stage: str
    verb: str
    stage_timestamp: datetime
    user: _User = msgspec.field(default_factory=_User)
    object_ref: _Reference = msgspec.field(default_factory=_Reference)
    response_status: _Status = msgspec.field(default_factory=_Status)


_DECODER = msgspec.json.Decoder(_Entry)


def _counts(entry: _Entry) -> bool:
    """Leave out the second entry of a watch, which tells of its end."""
    return entry.stage == ("ResponseStarted" if entry.verb == "watch" else "ResponseComplete")


def _request(entry: _Entry) -> Request:
    return Request(
        verb=entry.verb,
        resource=entry.object_ref.resource,
        subresource=entry.object_ref.subresource,
        status=entry.response_status.code,
        answered_at=entry.stage_timestamp,
    )
