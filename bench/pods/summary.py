"""Sums up starts: the median of each way, and what it cost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.pods.measured import Outage, Start, Way

NEVER = float("inf")  # seconds: it did not run while it was watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One way after one outage."""

    outage: Outage
    way: Way
    seconds: tuple[float, ...]  # of each pod, from `kubectl apply` to running
    step: float  # median seconds of the pipeline's step before that
    whole: float  # median seconds of both
    watched: float  # seconds, at most
    refused: int  # pulls, of all pods together, as the next two
    aws_calls: int
    replaced: int  # pull secrets with another UID

    @property
    def median(self) -> float:
        """What is typical."""
        return median(self.seconds)


def sum_up(starts: Iterable[Start]) -> tuple[Summary, ...]:
    """Sum up each way after each outage, in the order in which they first come."""
    known = list(starts)
    outages = dict.fromkeys(start.outage for start in known)
    return tuple(
        _summary(found)
        for outage in outages
        for way in dict.fromkeys(start.way for start in known)
        if (found := [each for each in known if (each.outage, each.way) == (outage, way)])
    )


def _summary(found: Sequence[Start]) -> Summary:
    seconds = tuple(each.running.total_seconds() if each.running else NEVER for each in found)
    steps = [each.step.total_seconds() for each in found]
    return Summary(
        outage=found[0].outage,
        way=found[0].way,
        seconds=seconds,
        step=median(steps),
        whole=median(map(sum, zip(steps, seconds, strict=True))),
        watched=max(each.watched for each in found).total_seconds(),
        refused=sum(each.refused for each in found),
        aws_calls=sum(each.aws_calls for each in found),
        replaced=sum(each.replaced for each in found),
    )


def say_seconds(seconds: float, *, watched: float) -> str:
    """Say how long a pod took."""
    return f"not after {watched:g} s" if seconds == NEVER else f"{seconds:.2f}"
