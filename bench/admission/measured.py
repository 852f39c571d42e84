"""What was measured of admission."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from bench.measured import Machine

# No webhook registered; one that knows nothing; the operator's, but the pod names no managed
# secret; it names a fresh one; it names an expired one.
Case: TypeAlias = Literal["no webhook", "bare webhook", "not matching", "fresh", "expired"]


@dataclass(frozen=True, slots=True)
class Load:
    """Clients that create pods, each one after the other."""

    clients: int
    per_second: float | None = None  # pods, of all clients together; None: as fast as they can

    def __str__(self) -> str:
        """Say it in a table."""
        if self.per_second is not None:
            return f"{self.clients}, {self.per_second:g}/s"
        return str(self.clients) if self.clients == 1 else f"{self.clients}, flat out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Pods of one case, created in a row."""

    case: Case
    load: Load
    milliseconds: tuple[float, ...]  # from a pod's POST to the end of the answer
    reviews_per_pod: float  # how often the webhook was asked
    webhook_cpu: timedelta  # per pod; of the operator, or of the bare webhook
    control_plane_cpu: timedelta  # per pod; of etcd, API server and controller manager


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """Pods that named expired secrets."""

    batch: Batch
    secrets: int  # that had expired
    aws_calls: int
    in_time: int  # pods that were admitted after their secret had been refreshed
    warned: int  # pods that were admitted with a warning


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionMeasured:
    """All that one run found, round by round."""

    batches: tuple[Batch, ...]  # those of the rescues too
    rescues: tuple[Rescue, ...]
    machine: Machine
