"""The status of a credential: its shape on the wire, and the condition rules of Kubernetes."""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

MAX_FAILURES = 50  # a status with an entry per namespace would grow to megabytes
MAX_REGISTRIES = 2000  # more than the 32 x 50 that a spec can ask for
MAX_REGIONS = 2048  # characters
MAX_SECRET_NAMES = 64

ConditionStatus = Literal["True", "False", "Unknown"]
Instant = Annotated[str, Meta(max_length=64, extra_json_schema={"format": "date-time"})]


class Condition(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A condition as `metav1.Condition` has it."""

    type: Annotated[str, Meta(max_length=64)]
    status: ConditionStatus
    reason: Annotated[str, Meta(max_length=64)]
    message: Annotated[str, Meta(max_length=4096)]
    observed_generation: int
    last_transition_time: Instant


class RegistryStatus(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Until when the pull secrets open one registry."""

    host: Annotated[str, Meta(max_length=253)]
    region: Annotated[str, Meta(max_length=63)]
    expires_at: Instant


class NamespaceCounts(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How many of the namespaces asked for are served."""

    desired: int
    ready: int
    failed: int
    missing: int


class Failure(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Why one namespace is not served."""

    namespace: Annotated[str, Meta(max_length=63)]
    reason: Annotated[str, Meta(max_length=64)]
    message: Annotated[str, Meta(max_length=1024)]


class Status(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """Everything under `status`; defaults are what an object without a status has."""

    observed_generation: int = 0
    conditions: Annotated[tuple[Condition, ...], Meta(max_length=8)] = ()
    ready_namespaces: Annotated[
        str, Meta(max_length=32, description="Namespaces served of those asked for, as `3/4`.")
    ] = ""
    namespaces: NamespaceCounts | None = None
    expires_at: Annotated[
        Instant | None,
        Meta(description="When the first of the pull secrets expires, or has expired."),
    ] = None
    refreshed_at: Annotated[
        Instant | None, Meta(description="When the oldest of the tokens in use was issued.")
    ] = None
    registries: Annotated[tuple[RegistryStatus, ...], Meta(max_length=MAX_REGISTRIES)] = ()
    regions: Annotated[
        str, Meta(max_length=MAX_REGIONS, description="The regions of the registries, for reading.")
    ] = ""
    failures: Annotated[
        tuple[Failure, ...],
        Meta(max_length=MAX_FAILURES, description="The first of the namespaces not served."),
    ] = ()
    secret_names: Annotated[
        tuple[Annotated[str, Meta(max_length=253)], ...],
        Meta(
            max_length=MAX_SECRET_NAMES,
            description="Names under which pull secrets of this object may stand.",
        ),
    ] = ()


def parse_status(raw: bytes | msgspec.Raw) -> Status:
    """Read a status; one that is not ours counts as none, since it is always written whole."""
    try:
        return msgspec.json.decode(raw, type=Status)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Status()


def find_condition(conditions: Iterable[Condition], kind: str) -> Condition | None:
    """Find a condition by its type."""
    return next((condition for condition in conditions if condition.type == kind), None)


def carry_over(condition: Condition, before: Iterable[Condition]) -> Condition:
    """Keep the time of the last transition when the status is what it was."""
    old = find_condition(before, condition.type)
    if old is None or old.status != condition.status:
        return condition
    return msgspec.structs.replace(condition, last_transition_time=old.last_transition_time)
