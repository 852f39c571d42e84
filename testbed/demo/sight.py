"""What one look shows: the object, each namespace's pull secret, and what was asked of whom."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

OPEN = 200  # the registry lets in; HTTP


@dataclass(frozen=True, slots=True, kw_only=True)
class PullSecret:
    """A Secret as it stands in a namespace."""

    uid: str
    created_at: datetime
    refreshed_at: datetime | None  # None, here and below: the annotation is missing or no instant
    expires_at: datetime | None
    docker_config: bytes = field(repr=False)

    @property
    def life(self) -> timedelta | None:
        """How long its token was good for when it was new; None: not known."""
        if self.expires_at is None or self.refreshed_at is None:
            return None
        return self.expires_at - self.refreshed_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One namespace of the demo, and what a node would get there."""

    namespace: str
    exists: bool  # the namespace
    secret: PullSecret | None = None
    answer: int | None = None  # HTTP status of the registry; None: no namespace to ask from
    refreshes: int = 0  # how often its pull secret got a later expiry, in place

    @property
    def opens(self) -> bool:
        """Whether an image can be pulled there now."""
        return self.secret is not None and self.answer == OPEN


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of the object."""

    status: str = "Unknown"
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """The `AWSECRCredential`, as `kubectl get` shows it."""

    name: str
    namespaces: tuple[str, ...]  # asked for
    served: str = ""  # such as 4/4; "": not said yet
    expires_at: datetime | None = None
    ready: Condition = Condition()
    degraded: Condition = Condition()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod that was admitted, and what its node got right after, or would have got."""

    namespace: str
    held: timedelta  # from the request to the API server's answer
    answer: int  # HTTP status of the registry, for the pull secret that stood there by then
    late: bool = False  # whether that was not the first pull
    ran: timedelta | None = None  # from the request to a container that runs; None: none does

    @property
    def pulls(self) -> bool:
        """Whether its image can be pulled."""
        return self.answer == OPEN


@dataclass(frozen=True, slots=True)
class Pulls:
    """How the pulls that should have worked went, since the demo began."""

    made: int = 0
    failed: int = 0
    last_failure: str = ""  # such as `ns1: 403`; "": none


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Everything seen in one look; what it does not show has not happened."""

    elapsed: timedelta  # since the demo began
    at: datetime
    credential: Credential | None = None
    targets: tuple[Target, ...] = ()  # in the order they came up
    aws_down: bool = False
    operator_down: bool = False
    aws_calls: int = 0  # for registry tokens
    api_writes: int = 0  # of the operator, all kinds
    pulls: Pulls = Pulls()
    pods: tuple[Pod, ...] = ()  # in the order they were created

    def target(self, namespace: str) -> Target:
        """Return the target of a namespace; one that was never heard of does not exist."""
        for target in self.targets:
            if target.namespace == namespace:
                return target
        return Target(namespace=namespace, exists=False)

    def secrets(self) -> dict[str, PullSecret]:
        """Return the pull secrets by namespace."""
        return {target.namespace: target.secret for target in self.targets if target.secret}

    def pods_since(self, before: "Sight") -> tuple[Pod, ...]:
        """Return the pods that were created after an earlier look."""
        return self.pods[len(before.pods) :]

    def choose(self, namespaces: Iterable[str]) -> tuple[Target, ...]:
        """Return the targets of some namespaces."""
        return tuple(self.target(namespace) for namespace in namespaces)
