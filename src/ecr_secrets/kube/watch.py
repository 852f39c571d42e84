"""A watch as a stream of values, the last of which says how it ended."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import msgspec

from ecr_secrets.errors import OperatorError, UnavailableError
from ecr_secrets.kube.answers import error_from_status, parse_status


@dataclass(frozen=True, slots=True)
class Opened:
    """The API server accepted the watch."""


@dataclass(frozen=True, slots=True)
class Present:
    """An object was created or changed, or came to match the selectors."""

    raw: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Absent:
    """An object was deleted, or matches the selectors no longer."""

    raw: msgspec.Raw  # its last state, under the resource version of the deletion


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Everything up to this resource version has been sent."""

    version: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more comes."""

    error: OperatorError | None  # None: the server ended the watch in good order


WatchEvent: TypeAlias = Present | Absent | Bookmark


class _Frame(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Versioned(msgspec.Struct):
    class Metadata(msgspec.Struct, rename="camel"):
        resource_version: str

    metadata: Metadata


_FRAME = msgspec.json.Decoder(_Frame)
_BOOKMARK = msgspec.json.Decoder(_Versioned)


async def watch_events(
    watch: AbstractAsyncContextManager[AsyncIterator[bytes]], *, idle: timedelta
) -> AsyncGenerator[Opened | WatchEvent | Ended, None]:
    """Yield what a watch says, from `Opened` (unless it was refused) to `Ended`.

    Errors of the watch arrive as a value: whatever is raised where the events are used is not one
    of them and cannot be mistaken for one. Close the generator when leaving it early.

    Args:
        watch: yields lines when entered, and may raise nothing but errors of `errors.py`.
        idle: the watch counts as dead when it takes longer to bring a whole line, however many
            bytes of one it brings.
    """
    try:
        async with watch as lines:
            yield Opened()
            while (line := await _next(lines, idle)) is not None:
                yield parse_event(line)
    except OperatorError as error:
        yield Ended(error)
    else:
        yield Ended(None)


async def _next(lines: AsyncIterator[bytes], idle: timedelta) -> bytes | None:
    try:
        async with asyncio.timeout(idle.total_seconds()):
            return await anext(lines, None)
    except TimeoutError:
        raise UnavailableError(f"watch: no event within {idle.total_seconds():g} s") from None


def parse_event(line: bytes) -> WatchEvent:
    """Read one line of a watch.

    Raises:
        OperatorError: the line is an ERROR event, raised as what its status means.
        UnavailableError: the line is not a watch event: cut short, or nonsense.
    """
    failure: OperatorError
    try:
        frame = _FRAME.decode(line)
        match frame.type:
            case "ADDED" | "MODIFIED":
                return Present(frame.object)
            case "DELETED":
                return Absent(frame.object)
            case "BOOKMARK":
                return Bookmark(_BOOKMARK.decode(frame.object).metadata.resource_version)
            case "ERROR":
                status = parse_status(frame.object)
                failure = error_from_status(status.code, status, asked="watch")
            case _:
                failure = UnavailableError("watch: event of an unknown type")
    # RecursionError: nested deeper than any object of the API.
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        # Not chained: the cause may quote the line.
        failure = UnavailableError(f"watch: line that is no watch event: {type(error).__name__}")
    raise failure
