"""What was measured of pods."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from bench.measured import Machine

# Why the pull secret has expired.
Outage: TypeAlias = Literal["the operator was down", "AWS was away"]
# Nobody renews it; a pipeline deletes and creates it; the operator without its webhook; with it;
# with it and `refreshPolicy: OnPodAdmission`.
Way: TypeAlias = Literal[
    "nothing", "the pasted recipe", "timer only", "this operator", "OnPodAdmission"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One pod that named an expired pull secret, from `kubectl apply` on."""

    outage: Outage
    way: Way
    running: timedelta | None  # from the start of `kubectl apply`; None: not while it was watched
    watched: timedelta  # at most
    step: timedelta  # of the pipeline, which came before that
    refused: int  # requests for its image that the registry answered with 403
    aws_calls: int  # since the end of the outage
    replaced: bool  # whether the pull secret has another UID afterwards


@dataclass(frozen=True, slots=True, kw_only=True)
class PodsMeasured:
    """All that one run found, round by round."""

    starts: tuple[Start, ...]
    machine: Machine
