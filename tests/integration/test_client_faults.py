"""What the client makes of an API server, or a network, that misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import msgspec
import pytest

from ecr_secrets import metrics
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import (
    OperatorError,
    RejectedError,
    ThrottledError,
    UnauthorizedError,
    UnavailableError,
)
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.resource import SECRETS
from tests.fakes.cluster_access import ListedTokens, plain_access
from tests.fakes.eventually import eventually
from tests.fakes.scripted_server import Exchange, Script, ScriptedServer, scripted_server

KEY = ObjectKey("shop", "ecr-login")
SHORT = timedelta(seconds=0.3)  # a deadline that is to be met
LONG = timedelta(seconds=10)  # one that is not


@asynccontextmanager
async def _client_of(
    script: Script, *, deadline: timedelta = LONG, credentials: ListedTokens | None = None
) -> AsyncIterator[tuple[Client, ScriptedServer]]:
    async with (
        scripted_server(script) as server,
        Client(
            plain_access(server.url, credentials), timeout=deadline, random=lambda: 0.0
        ) as client,
    ):
        yield client, server


async def _get(client: Client) -> bytes:
    return bytes(await client.get(SECRETS, KEY, into=msgspec.Raw))


@contextmanager
def counted(verb: str, status: str, times: int) -> Iterator[None]:
    """Check how many requests the metric counts."""

    def count() -> float:
        labels = {"verb": verb, "resource": "secrets", "status": status}
        name = "ecr_secrets_api_requests_total"
        return metrics.REGISTRY.get_sample_value(name, labels) or 0

    before = count()
    yield
    assert count() - before == times


async def test_a_rotated_token_costs_one_more_request() -> None:
    """The token was replaced and the old one is refused: nobody notices."""

    async def script(exchange: Exchange) -> None:
        accepted = exchange.request.headers["authorization"] == "Bearer t2"
        await exchange.answer(200 if accepted else 401, {})

    with counted("get", "401", 1), counted("get", "200", 2):
        async with _client_of(script, credentials=ListedTokens(["t1", "t2"])) as (client, server):
            await _get(client)
            await _get(client)

    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer t1", "Bearer t2", "Bearer t2"]


async def test_many_refused_at_once_renew_the_credentials_once() -> None:
    """Sixteen writes with the old token must not run a login plugin sixteen times."""
    all_here = asyncio.Barrier(16)

    async def script(exchange: Exchange) -> None:
        if exchange.request.headers["authorization"] == "Bearer t2":
            return await exchange.answer(200, {})
        await all_here.wait()
        return await exchange.answer(401, {})

    credentials = ListedTokens(["t1", "t2", "t3"])
    async with _client_of(script, credentials=credentials) as (client, _):
        await asyncio.gather(*(_get(client) for _ in range(16)))

    assert credentials.invalidations == 1


async def test_credentials_that_stay_refused_are_an_error() -> None:
    """One more try, not a loop; and the error shows no token."""

    async def script(exchange: Exchange) -> None:
        await exchange.answer(401, {"kind": "Status", "reason": "Unauthorized"})

    async with _client_of(script) as (client, server):
        with pytest.raises(UnauthorizedError) as caught:
            await _get(client)

    assert str(caught.value) == "get secrets shop/ecr-login: Unauthorized"
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_the_patience_asked_for_is_had(status: int) -> None:
    """A throttled request waits as told, inside the call, and then succeeds."""
    answered: list[float] = []

    async def script(exchange: Exchange) -> None:
        answered.append(asyncio.get_running_loop().time())
        if len(answered) == 1:
            return await exchange.answer(status, {}, {"Retry-After": "1"})
        return await exchange.answer(200, {})

    with counted("get", str(status), 1), counted("get", "200", 1):
        async with _client_of(script) as (client, _):
            assert await _get(client) == b"{}"

    assert 1.0 <= answered[1] - answered[0] < 2.0


async def test_more_patience_than_the_deadline_allows_is_an_error_that_says_when() -> None:
    """The caller gets the slot back at once, and learns when to come again."""

    async def script(exchange: Exchange) -> None:
        await exchange.answer(429, {}, {"Retry-After": "30"})

    async with _client_of(script) as (client, server):
        async with asyncio.timeout(5):
            with pytest.raises(ThrottledError) as caught:
                await _get(client)

    assert caught.value.retry_after == timedelta(seconds=30)
    assert len(server.requests) == 1


async def test_a_server_that_allows_retrying_at_once_is_not_flooded() -> None:
    """`Retry-After: 0` over and over is met with pauses, until the deadline."""

    async def script(exchange: Exchange) -> None:
        await exchange.answer(429, {}, {"Retry-After": "0"})

    async with _client_of(script, deadline=timedelta(seconds=0.55)) as (client, server):
        with pytest.raises(ThrottledError):
            await _get(client)

    assert 2 <= len(server.requests) <= 6


async def _hang(exchange: Exchange) -> None:
    await exchange.hang()


async def _hang_after_the_head(exchange: Exchange) -> None:
    await exchange.begin_chunked()
    await exchange.hang()


async def _hang_in_a_refusal(exchange: Exchange) -> None:
    await exchange.begin_chunked(403)
    await exchange.hang()


async def _drip(exchange: Exchange) -> None:
    await exchange.begin_chunked()
    while True:
        await exchange.chunk(b" ")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("script", [_hang, _hang_after_the_head, _hang_in_a_refusal, _drip])
async def test_no_call_outlives_its_deadline(script: Script) -> None:
    """Whatever the server does, a worker is free again when its time is over."""
    async with _client_of(script, deadline=SHORT) as (client, _):
        began = asyncio.get_running_loop().time()
        with pytest.raises(UnavailableError, match=r"no answer within 0\.3 s"):
            await _get(client)
        took = asyncio.get_running_loop().time() - began

    assert 0.3 <= took < 2.0


async def _reset_at_once(exchange: Exchange) -> None:
    exchange.reset()


async def _reset_in_the_body(exchange: Exchange) -> None:
    await exchange.begin_chunked()
    await exchange.chunk(b'{"metadata": {')
    exchange.reset()


async def _close_at_once(exchange: Exchange) -> None:
    return


async def _close_in_a_chunk(exchange: Exchange) -> None:
    await exchange.begin_chunked()
    await exchange.send_raw(b"ff\r\n{}")


async def _close_before_the_announced_length(exchange: Exchange) -> None:
    await exchange.answer(200, b'{"metadata"', {"Content-Length": "1000"})
    exchange.complete = False


async def _speak_something_else(exchange: Exchange) -> None:
    await exchange.send_raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")


@pytest.mark.parametrize(
    "script",
    [
        _reset_at_once,
        _reset_in_the_body,
        _close_at_once,
        _close_in_a_chunk,
        _close_before_the_announced_length,
        _speak_something_else,
    ],
)
async def test_an_answer_that_breaks_off_is_unavailability(script: Script) -> None:
    """Half an answer is never taken for a whole one, and no library's exception gets out."""
    async with _client_of(script) as (client, _):
        with pytest.raises(UnavailableError, match=r"^get secrets shop/ecr-login: "):
            await _get(client)


async def test_a_server_that_is_not_there_is_unavailability() -> None:
    """The error names the address, so that a wrong one is seen."""
    async with _client_of(_hang) as (_, server):
        url = server.url

    async with Client(plain_access(url)) as client:
        with pytest.raises(UnavailableError, match=r"cannot connect to 127\.0\.0\.1:\d+: "):
            await _get(client)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(status: int) -> None:
    """They would carry our token to a place of somebody else's choosing."""

    async def script(exchange: Exchange) -> None:
        await exchange.answer(status, b"", {"Location": "/elsewhere"})

    async with _client_of(script) as (client, server):
        with pytest.raises(RejectedError):
            await _get(client)

    assert [request.path for request in server.requests] == [
        "/api/v1/namespaces/shop/secrets/ecr-login"
    ]


@pytest.mark.parametrize("status", [200, 500])
async def test_an_endless_body_does_not_fill_the_memory(status: int) -> None:
    """Beyond a bound the answer is given up, whatever it was going to be."""
    sent = 0

    async def script(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.begin_chunked(status)
        while True:
            await exchange.chunk(b" " * (1 << 20))
            sent += 1

    async with _client_of(script) as (client, _):
        with pytest.raises(UnavailableError, match=r"answer larger than \d+ bytes"):
            await _get(client)

    assert sent < 80


async def test_a_failed_call_takes_no_connection_from_the_others() -> None:
    """Slots come back after every kind of end; with two of them, ten failures show it."""

    async def script(exchange: Exchange) -> None:
        if exchange.request.path.endswith("good"):
            return await exchange.answer(200, {})
        return await _hang_after_the_head(exchange)

    async with (
        scripted_server(script) as server,
        Client(plain_access(server.url), timeout=SHORT, connections=2) as client,
    ):
        for _ in range(5):
            await asyncio.gather(*(_get(client) for _ in range(2)), return_exceptions=True)
        await client.get(SECRETS, ObjectKey("shop", "good"), into=msgspec.Raw)


async def test_no_more_calls_are_under_way_than_allowed() -> None:
    """Ten thousand writes at once open a bounded number of connections."""
    under_way = most = 0

    async def script(exchange: Exchange) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        await exchange.answer(200, {})

    async with (
        scripted_server(script) as server,
        Client(plain_access(server.url), connections=4) as client,
    ):
        await asyncio.gather(*(_get(client) for _ in range(20)))

    assert most == 4
    assert server.connections <= 4


async def test_an_unanswered_request_is_counted_as_status_0() -> None:
    """An API server that says nothing is visible on a dashboard."""
    with counted("get", "0", 1):
        async with _client_of(_hang, deadline=SHORT) as (client, _):
            with pytest.raises(OperatorError):
                await _get(client)


async def test_cancelling_a_call_cancels_it() -> None:
    """Shutting down is not an error of the API server."""
    async with _client_of(_hang) as (client, server):
        call = asyncio.create_task(_get(client))
        await eventually(lambda: bool(server.requests))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
