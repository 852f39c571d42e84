"""Sends calls to the API server: connections, deadlines, credentials renewed, patience."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import aiohttp

from ecr_secrets import metrics
from ecr_secrets.errors import OperatorError, ThrottledError, UnauthorizedError
from ecr_secrets.kube.access import ClusterAccess
from ecr_secrets.kube.answers import error_from_status, parse_retry_after, parse_status
from ecr_secrets.kube.body import read_body, read_lines
from ecr_secrets.kube.call import Call
from ecr_secrets.kube.failures import translated
from ecr_secrets.kube.missing_right import with_remedy
from ecr_secrets.kube.passport import Shown, show, show_anew
from ecr_secrets.kube.sockets import alert_socket

_MAX_BODY = 64 << 20  # bytes: a page of a list, even of large objects
_MAX_REFUSAL = 1 << 20  # bytes of any other answer than success
_SHORTEST_WAIT = timedelta(milliseconds=100)  # against one "Retry-After: 0" after another


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a transport allows itself."""

    timeout: timedelta  # for a call, from the request to the last byte of the answer
    connections: int  # calls under way at the same time; watches are not counted


class Transport:
    """Connections to one cluster, usable from `open` to `close`, in one event loop."""

    def __init__(
        self,
        access: ClusterAccess,
        limits: Limits,
        *,
        user_agent: str,
        random: Callable[[], float],
    ) -> None:
        self._access = access
        self._seconds = limits.timeout.total_seconds()
        self._slots = asyncio.Semaphore(limits.connections)
        self._user_agent = user_agent
        self._random = random
        self._session: aiohttp.ClientSession | None = None  # None: not open

    async def open(self) -> None:
        """Get ready; connections are made when they are needed."""
        self._session = aiohttp.ClientSession(
            # Calls wait for `_slots`, and watches are few.
            connector=aiohttp.TCPConnector(limit=0, socket_factory=alert_socket),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # the deadlines are ours
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(self, call: Call) -> bytes:
        """Return the body of a successful answer.

        Raises:
            OperatorError: any other outcome.
        """
        shown = await show(self._access)  # a plugin has its own deadline: a person may log in
        with self._translated(call):
            async with asyncio.timeout(self._seconds) as deadline, self._slots:
                response = await self._open(call, shown, deadline)
                return await read_body(response, limit=_MAX_BODY, asked=call.asked)

    @asynccontextmanager
    async def stream(
        self, call: Call, *, idle_timeout: timedelta
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Yield the lines of a successful answer as they arrive.

        Raises:
            OperatorError: on entering, any other answer; from the iterator, an answer that breaks
                off, or `idle_timeout` without a byte.
        """
        shown = await show(self._access)
        with self._translated(call):
            async with asyncio.timeout(self._seconds) as deadline:
                response = await self._open(call, shown, deadline)
        reading = read_lines(response, idle_timeout=idle_timeout, asked=call.asked)
        try:
            async with aclosing(reading) as lines:
                yield lines
        finally:
            _cut(response)

    async def _open(
        self, call: Call, shown: Shown, deadline: asyncio.Timeout
    ) -> aiohttp.ClientResponse:
        """Return a successful answer, its body unread, if need be at a later attempt."""
        renewed = False
        while True:
            response = await self._attempt(call, shown)
            if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                return response
            error = await _refusal(call, response)
            if isinstance(error, UnauthorizedError) and not renewed:
                renewed = True
                with _paused(deadline):
                    shown = await show_anew(self._access, shown)
            elif isinstance(error, ThrottledError):
                await self._wait(error, deadline)
            else:
                raise error

    async def _attempt(self, call: Call, shown: Shown) -> aiohttp.ClientResponse:
        if self._session is None:
            raise RuntimeError("the client is not open")
        status = 0
        try:
            response = await self._session.request(
                call.method,
                self._access.server.rstrip("/") + call.path,
                params=call.query,
                data=call.body,
                headers={
                    **shown.headers,
                    "Accept": call.accept,
                    "Content-Type": call.content_type,
                },
                ssl=shown.tls or True,
                server_hostname=self._access.tls_server_name,
                proxy=self._access.proxy,
                allow_redirects=False,  # they would take our token elsewhere
            )
            status = response.status
            return response
        finally:
            metrics.api_requests_total.labels(call.verb, call.resource.plural, str(status)).inc()

    async def _wait(self, error: ThrottledError, deadline: asyncio.Timeout) -> None:
        """Have the patience asked for, and up to half as much again; raise when out of time."""
        asked_for = max(error.retry_after, _SHORTEST_WAIT).total_seconds()
        wait = asked_for * (1 + self._random() / 2)
        end = deadline.when()
        if end is None or asyncio.get_running_loop().time() + wait >= end:
            raise error
        await asyncio.sleep(wait)

    @contextmanager
    def _translated(self, call: Call) -> Iterator[None]:
        with translated(call.asked, late=f"no answer within {self._seconds:g} s"):
            yield


def _cut(response: aiohttp.ClientResponse) -> None:
    """End an answer with its connection, without a farewell of TLS that nobody would wait for."""
    transport = response.connection.transport if response.connection else None
    if transport is not None and not transport.is_closing():
        transport.abort()
    response.close()


async def _refusal(call: Call, response: aiohttp.ClientResponse) -> OperatorError:
    retry_after = parse_retry_after(response.headers.get("Retry-After"))
    status = parse_status(await read_body(response, limit=_MAX_REFUSAL, asked=call.asked))
    error = error_from_status(
        response.status,
        status,
        asked=call.asked,
        confidential=call.confidential,
        retry_after=retry_after,
    )
    return with_remedy(error, status.message)


@contextmanager
def _paused(deadline: asyncio.Timeout) -> Iterator[None]:
    """Do not count the time in between, which has a deadline of its own."""
    loop = asyncio.get_running_loop()
    began, end = loop.time(), deadline.when()
    deadline.reschedule(None)
    yield
    if end is not None:
        deadline.reschedule(end + loop.time() - began)
