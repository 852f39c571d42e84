"""What was asked of AWS: counted by operation, principal, region and result."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What calls are counted by."""

    operation: str  # as in IAM policies: `ecr:GetAuthorizationToken`
    principal: str  # access key id of a user, or ARN of a role; "": unsigned
    region: str  # "": unsigned
    result: str  # "ok", an error's code, or a fault's name


@dataclass(slots=True)
class Calls:
    """Counters, kept since the last reset. A call counts as soon as its result is decided."""

    counts: Counter[Call] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0

    def count(
        self,
        *,
        operation: str | None = None,
        principal: str | None = None,
        region: str | None = None,
        result: str | None = None,
    ) -> int:
        """Count the calls that fit; None: any.

        Args:
            operation: with its service (`sts:AssumeRole`) or without (`AssumeRole`).
        """
        return sum(
            times
            for call, times in self.counts.items()
            if (operation is None or is_named(call.operation, operation))
            and principal in {None, call.principal}
            and region in {None, call.region}
            and result in {None, call.result}
        )

    def reset(self) -> None:
        """Start counting anew."""
        self.counts.clear()
        self.most_in_flight = self.in_flight

    @contextmanager
    def flight(self) -> Iterator[None]:
        """Count a call as being worked on."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1


def is_named(operation: str, name: str) -> bool:
    """Tell whether the name, with or without its service, is that of the operation."""
    return name in {operation, operation.partition(":")[2]}
