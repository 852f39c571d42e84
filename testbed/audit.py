"""The API server's audit log: who asked for what, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

# What the API server writes down: the metadata of every request, once at its end; for watches,
# which may outlive a test, also at their start.
AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  nonResourceURLs: ["/healthz*", "/livez*", "/readyz*"]
- level: Metadata
"""

Stage = Literal["ResponseStarted", "ResponseComplete", "Panic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One entry of the audit log.

    A watch has two: `ResponseStarted` when it is established, `ResponseComplete` when it ends.
    Everything else has one.
    """

    user: str
    verb: str  # Kubernetes' own: get, list, watch, create, update, patch, delete, ...
    group: str  # "": the core group
    resource: str  # "": not about an object, such as /version
    subresource: str
    namespace: str  # "": cluster-scoped, or all namespaces
    name: str
    status: int  # HTTP
    decision: str  # of the authorizer: "allow" or "forbid". "": it was not asked
    uri: str
    stage: Stage
    received_at: datetime


class AuditLog:
    """Reads the audit log, each line once, also while the API server writes to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0  # bytes read so far; always at the start of a line
        self._events: list[AuditEvent] = []

    def read(self) -> list[AuditEvent]:
        """Return every entry so far, in the order written.

        An entry is written right after its response was sent, so the newest may be missing for
        an instant: tests wait for it rather than look once.
        """
        if self._path.exists():
            with self._path.open("rb") as log:
                log.seek(self._offset)
                lines = log.read()
            lines = lines[: lines.rfind(b"\n") + 1]  # the last one may be half written
            self._events += [_parse(line) for line in lines.splitlines()]
            self._offset += len(lines)
        return list(self._events)


class _User(msgspec.Struct):
    username: str = ""


class _Reference(msgspec.Struct, rename="camel"):
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    api_group: str = ""


class _Status(msgspec.Struct):
    code: int = 0


class _Entry(msgspec.Struct, rename="camel"):
    """The fields read of audit.k8s.io/v1, kind Event."""

    stage: Stage
    verb: str
    request_received_timestamp: datetime
    request_uri: str = msgspec.field(name="requestURI")
    user: _User = msgspec.field(default_factory=_User)
    object_ref: _Reference = msgspec.field(default_factory=_Reference)
    response_status: _Status = msgspec.field(default_factory=_Status)
    annotations: dict[str, str] = msgspec.field(default_factory=dict)


_DECODER = msgspec.json.Decoder(_Entry)


def _parse(line: bytes) -> AuditEvent:
    entry = _DECODER.decode(line)
    reference = entry.object_ref
    return AuditEvent(
        user=entry.user.username,
        verb=entry.verb,
        group=reference.api_group,
        resource=reference.resource,
        subresource=reference.subresource,
        namespace=reference.namespace,
        name=reference.name,
        status=entry.response_status.code,
        decision=entry.annotations.get("authorization.k8s.io/decision", ""),
        uri=entry.request_uri,
        stage=entry.stage,
        received_at=entry.request_received_timestamp,
    )
