"""Lists and watches, answered one by one as a test says, and an informer that follows them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, TypeAlias

import msgspec

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.kube.access import ClusterAccess
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.informer import Informer
from ecr_secrets.kube.pace import Timing
from ecr_secrets.kube.resource import NAMESPACES
from ecr_secrets.kube.selection import Selection
from ecr_secrets.kube.store import OnChange
from tests.fakes.scripted_server import Exchange, ScriptedRequest, scripted_server

Step: TypeAlias = Callable[[Exchange], Awaitable[None]]


class Thing(msgspec.Struct, frozen=True):
    """What the informer under test keeps of an object."""

    color: str


Decode: TypeAlias = Callable[[msgspec.Raw], Thing]
Change: TypeAlias = tuple[str, str | None, str | None]  # name, color before, color after

# Without pauses that a test would feel; a watch never lasts long enough to be a success.
QUICK = Timing(
    floor=timedelta(milliseconds=1),
    cap=timedelta(milliseconds=2),
    idle=timedelta(seconds=30),
    healthy=timedelta(minutes=1),
)


_NAMESPACES = Selection(resource=NAMESPACES)


class Anonymous:
    """A credential source with nothing to show."""

    async def headers(self) -> Mapping[str, str]:
        await asyncio.sleep(0)
        return {}

    def invalidate(self) -> None:
        pass


class World:
    """An informer at work, and what has been seen of it."""

    informer: Informer[Thing]

    def __init__(self) -> None:
        self.ended = False
        self.asked: list[str] = []  # the requests so far, in words
        self.asked_at: list[float] = []  # loop times
        self.requests: list[ScriptedRequest] = []
        self.changes: list[Change] = []
        self.stored_at_change: list[str | None] = []  # color in the store as a change was told

    @property
    def colors(self) -> dict[str, str]:
        """The store, in short."""
        return {key.name: thing.color for key, thing in self.informer.store.items()}

    async def run(self) -> None:
        """Run the informer."""
        try:
            await self.informer.run()
        finally:
            self.ended = True

    def note(self, request: ScriptedRequest) -> None:
        """Remember a request."""
        self.asked.append(_in_words(request))
        self.asked_at.append(asyncio.get_running_loop().time())
        self.requests.append(request)

    def on_change(self, key: ObjectKey, before: Thing | None, after: Thing | None) -> None:
        """Remember a change."""
        self.changes.append(
            (key.name, before.color if before else None, after.color if after else None)
        )
        self.stored_at_change.append(self.colors.get(key.name))


def decode_thing(raw: msgspec.Raw) -> Thing:
    """Decode an object strictly."""
    return msgspec.json.decode(raw, type=Thing)


@asynccontextmanager
async def following(
    *steps: Step,
    timing: Timing = QUICK,
    decode: Decode = decode_thing,
    selection: Selection = _NAMESPACES,
    on_change: OnChange[Thing] | None = None,
    patience: timedelta = timedelta(seconds=10),
) -> AsyncIterator[World]:
    """Run an informer against a server that takes the steps in turn, then falls silent.

    Args:
        patience: how long the client waits for an answer, also when asked to.
    """
    world = World()
    remaining = iter(steps)

    async def script(exchange: Exchange) -> None:
        world.note(exchange.request)
        await next(remaining, silent())(exchange)

    async with scripted_server(script) as server, a_client(server.url, patience) as client:
        world.informer = Informer(
            client,
            selection,
            decode=decode,
            on_change=on_change or world.on_change,
            timing=timing,
        )
        async with running_in_background(world.run()):
            yield world


@asynccontextmanager
async def a_client(url: str, patience: timedelta) -> AsyncIterator[Client]:
    """Open a client of a server that wants no proof of who we are."""
    access = ClusterAccess(server=url, ssl=None, credentials=Anonymous())
    async with Client(access, timeout=patience) as client:
        yield client


@asynccontextmanager
async def running_in_background(coroutine: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a coroutine meanwhile; what it raises before it is cancelled is raised on leaving."""
    running = asyncio.create_task(coroutine)
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _in_words(request: ScriptedRequest) -> str:
    query = request.query
    if query.get("watch") == "true":
        return f"watch {query['resourceVersion']}"
    if query["limit"] == "1":
        return "check"
    return f"list {query['continue']}" if "continue" in query else "list"


# What a server says.


def an_object(name: str, version: int, color: Any = "red", **metadata: Any) -> dict[str, Any]:
    """Build an object; a color that is no string makes it undecodable."""
    return {
        "metadata": {"name": name, "resourceVersion": str(version), **metadata},
        "color": color,
    }


def an_event(kind: str, content: Mapping[str, Any]) -> bytes:
    """Write a line of a watch."""
    return json.dumps({"type": kind, "object": content}).encode() + b"\n"


def a_bookmark(version: int) -> bytes:
    """Write the line that says that everything up to a version was sent."""
    return an_event("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


def an_error(code: int, reason: str = "", **details: Any) -> bytes:
    """Write an ERROR event."""
    return an_event("ERROR", {"kind": "Status", "code": code, "reason": reason, "details": details})


# Steps.


def listed(*objects: Mapping[str, Any], version: int, more: str = "") -> Step:
    """Answer with a page of a list; `more`: the token that asks for the next page."""
    metadata = {"resourceVersion": str(version), "continue": more}
    body = {"metadata": metadata, "items": list(objects)}
    return lambda exchange: exchange.answer(200, body)


def refused(status: int, headers: Mapping[str, str] | None = None) -> Step:
    """Answer with an error."""
    return lambda exchange: exchange.answer(status, {"kind": "Status", "code": status}, headers)


async def unanswered(exchange: Exchange) -> None:
    """Take the request and say nothing."""
    await exchange.hang()


def watched(*lines: bytes, then: Step | None = None) -> Step:
    """Open a watch, say these lines, and end: in good order, or as `then` does."""

    async def step(exchange: Exchange) -> None:
        await exchange.begin_chunked()
        for line in lines:
            await exchange.chunk(line)
        await (then or _finish)(exchange)

    return step


def silent(*lines: bytes) -> Step:
    """Open a watch, say these lines and nothing ever after."""
    return watched(*lines, then=lambda exchange: exchange.hang())


async def _finish(exchange: Exchange) -> None:
    await exchange.finish()


async def reset(exchange: Exchange) -> None:
    """Break the connection off rudely."""
    exchange.reset()


async def cut_off(exchange: Exchange) -> None:
    """End the connection without ending the answer."""


async def drip(exchange: Exchange) -> None:
    """Send an event that never comes to its end, byte by byte."""
    for piece in endless_event():
        await exchange.chunk(piece)
        await asyncio.sleep(0.02)


def endless_event() -> Iterator[bytes]:
    """Give the bytes of an event with a name that does not end."""
    yield b'{"type":"ADDED","object":{"metadata":{"name":"'
    while True:
        yield b"x"
