"""A watch, as far as it is bytes on a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from ecr_secrets.errors import GoneError, UnavailableError
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.resource import SECRETS
from tests.fakes.cluster_access import ListedTokens, plain_access
from tests.fakes.scripted_server import Exchange, Script, scripted_server

LONG = timedelta(seconds=10)
SHORT = timedelta(seconds=0.3)


@asynccontextmanager
async def _watching(
    script: Script, *, idle_timeout: timedelta = LONG, deadline: timedelta = LONG
) -> AsyncIterator[AsyncIterator[bytes]]:
    async with (
        scripted_server(script) as server,
        Client(plain_access(server.url), timeout=deadline) as client,
        client.watch(SECRETS, query={}, idle_timeout=idle_timeout) as lines,
    ):
        yield lines


def sending(*pieces: bytes) -> Script:
    """Send these pieces, each by itself, and end the watch in good order."""

    async def script(exchange: Exchange) -> None:
        await exchange.begin_chunked()
        for piece in pieces:
            await exchange.chunk(piece)
            await asyncio.sleep(0.01)  # so that they arrive one by one
        await exchange.finish()

    return script


async def test_the_watch_is_asked_for_in_the_apis_words() -> None:
    """The caller's query goes out as it is, with the switch that makes it a watch."""

    async def script(exchange: Exchange) -> None:
        await exchange.answer(200)

    async with (
        scripted_server(script) as server,
        Client(plain_access(server.url)) as client,
        client.watch(SECRETS, namespace="shop", query={"resourceVersion": "7"}, idle_timeout=LONG),
    ):
        pass

    assert server.requests[0].path == "/api/v1/namespaces/shop/secrets"
    assert server.requests[0].query == {"watch": "true", "resourceVersion": "7"}


async def test_lines_come_out_whole_however_they_arrive() -> None:
    """The network cuts where it likes; watch events are lines."""
    script = sending(b'{"n":1}\n{"n', b'":2}', b"\n", b'{"n":3}\n{"n":4}\n')
    async with _watching(script) as lines:
        seen = [line async for line in lines]

    assert seen == [b'{"n":1}', b'{"n":2}', b'{"n":3}', b'{"n":4}']


async def test_a_line_is_there_as_soon_as_it_is_complete() -> None:
    """An event is not held back until more arrives."""

    async def script(exchange: Exchange) -> None:
        await exchange.begin_chunked()
        await exchange.chunk(b'{"n":1}\n')
        await exchange.hang()

    async with _watching(script) as lines, asyncio.timeout(5):
        assert await anext(lines) == b'{"n":1}'


async def test_a_watch_has_no_deadline_but_silence() -> None:
    """It may last for hours, as long as something comes; here longer than both limits."""

    async def script(exchange: Exchange) -> None:
        await exchange.begin_chunked()
        for _ in range(10):
            await exchange.chunk(b"{}\n")
            await asyncio.sleep(0.1)
        await exchange.finish()

    async with _watching(script, idle_timeout=SHORT * 2, deadline=SHORT) as lines:
        assert [line async for line in lines] == [b"{}"] * 10


async def test_silence_is_noticed() -> None:
    """A connection that died without a word is given up, not trusted forever."""

    async def script(exchange: Exchange) -> None:
        await exchange.begin_chunked()
        await exchange.chunk(b'{}\n{"half":')
        await exchange.hang()

    async with _watching(script, idle_timeout=SHORT) as lines:
        assert await anext(lines) == b"{}"
        began = asyncio.get_running_loop().time()
        with pytest.raises(UnavailableError, match=r"watch secrets: nothing received for 0\.3 s"):
            await anext(lines)
        took = asyncio.get_running_loop().time() - began

    assert 0.25 < took < 2.0


async def _reset(exchange: Exchange) -> None:
    exchange.reset()


async def _close(exchange: Exchange) -> None:
    return


async def _finish_in_a_line(exchange: Exchange) -> None:
    await exchange.chunk(b'{"half":')
    await exchange.finish()


@pytest.mark.parametrize("end", [_reset, _close, _finish_in_a_line])
async def test_a_watch_that_breaks_off_says_so(end: Script) -> None:
    """A break is told from a good end, and half an event is no event."""

    async def script(exchange: Exchange) -> None:
        await exchange.begin_chunked()
        await exchange.chunk(b"{}\n")
        await asyncio.sleep(0.05)  # a reset discards what has not been read yet
        await end(exchange)

    async with _watching(script) as lines:
        assert await anext(lines) == b"{}"
        with pytest.raises(UnavailableError, match="broke off"):
            await anext(lines)


async def test_a_line_without_end_does_not_fill_the_memory() -> None:
    """Beyond a bound the watch is given up."""

    async def script(exchange: Exchange) -> None:
        await exchange.begin_chunked()
        while True:
            await exchange.chunk(b"x" * (1 << 20))

    async with _watching(script) as lines:
        with pytest.raises(UnavailableError, match=r"line longer than \d+ bytes"):
            await anext(lines)


async def test_a_watch_that_does_not_begin_hits_the_deadline() -> None:
    """Connecting and waiting for the head of the answer are bounded."""

    async def script(exchange: Exchange) -> None:
        await exchange.hang()

    with pytest.raises(UnavailableError, match=r"no answer within 0\.3 s"):
        async with _watching(script, deadline=SHORT):
            pass


async def test_a_refused_watch_raises_on_entering() -> None:
    """A version that is too old is told at once, not in the stream."""

    async def script(exchange: Exchange) -> None:
        await exchange.answer(410, {"kind": "Status", "reason": "Expired"})

    with pytest.raises(GoneError):
        async with _watching(script):
            pass


async def test_a_watch_is_opened_with_a_renewed_token() -> None:
    """A token that was rotated while we were disconnected costs one more request."""

    async def script(exchange: Exchange) -> None:
        accepted = exchange.request.headers["authorization"] == "Bearer t2"
        await exchange.answer(200 if accepted else 401, b"{}\n")

    credentials = ListedTokens(["t1", "t2"])
    async with (
        scripted_server(script) as server,
        Client(plain_access(server.url, credentials)) as client,
        client.watch(SECRETS, query={}, idle_timeout=LONG) as lines,
    ):
        assert [line async for line in lines] == [b"{}"]


async def test_watches_leave_the_calls_their_connections() -> None:
    """However many informers there are, a write finds a connection."""

    async def script(exchange: Exchange) -> None:
        if "watch" in exchange.request.query:
            await exchange.begin_chunked()
            await exchange.hang()
        await exchange.answer(200, b'{"metadata":{},"items":[]}')

    async with (
        scripted_server(script) as server,
        Client(plain_access(server.url), connections=1, timeout=SHORT) as client,
        client.watch(SECRETS, query={}, idle_timeout=LONG),
        client.watch(SECRETS, query={}, idle_timeout=LONG),
    ):
        await client.list_page(SECRETS)


async def test_leaving_a_watch_closes_its_connection() -> None:
    """The API server stops sending to somebody who no longer listens."""
    left = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.begin_chunked()
        await exchange.hang()
        left.set()

    async with scripted_server(script) as server, Client(plain_access(server.url)) as client:
        async with client.watch(SECRETS, query={}, idle_timeout=LONG):
            pass
        async with asyncio.timeout(5):
            await left.wait()


async def test_an_error_of_the_reader_is_not_taken_for_the_servers() -> None:
    """What fails where lines are used comes out as it is."""

    async def read_and_fail() -> None:
        async with _watching(sending(b"{}\n")) as lines:
            async for _ in lines:
                raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await read_and_fail()
