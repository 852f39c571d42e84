"""What was measured."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

Who: TypeAlias = Literal["operator", "bare"]
Phase: TypeAlias = Literal["rollout", "refresh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One rollout or refresh of all namespaces, by the operator or by the bare client."""

    who: Who
    phase: Phase
    size: int  # namespaces
    time: timedelta
    cpu: timedelta
    control_plane_cpu: timedelta  # of etcd, API server and controller manager meanwhile
    peak_mib: float
    api_requests: int
    aws_calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """The memory of an operator that was started anew and has nothing to do."""

    size: int  # namespaces it serves
    unrelated: int  # Secrets in the cluster that are not ours
    resident_mib: float
    peak_mib: float  # since its start


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A time without any change in the cluster."""

    size: int
    time: timedelta
    cpu: timedelta
    writes: int
    other_requests: int
    aws_calls: int

    @property
    def core_percent(self) -> float:
        """Share of one core."""
        return 100 * (self.cpu / self.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What it was measured on."""

    cores: int
    processor: str
    memory_gib: float
    python: str
    libraries: str
    kubernetes: str
    load: tuple[float, float]  # average of a minute, before and after


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that one run of the benchmark found."""

    smallest: tuple[Run, ...]  # the operator's, with one namespace: the part that N does not enter
    runs: tuple[Run, ...]  # round by round
    footprints: tuple[Footprint, ...]
    idle: Idle
    machine: Machine
