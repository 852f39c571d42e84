"""Carries the requests that botocore signs, within a deadline that holds.

A socket's time-out counts from byte to byte: against an endpoint that sends one byte per second it
never comes, and the thread that waits is lost. So the event loop does the sending, where waiting
can be ended at any moment, and the thread only waits for the loop.
"""

import asyncio
import os
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies
from yarl import URL

from ecr_secrets.aws.no_answer import transport_problem
from ecr_secrets.aws.timeouts import Timeouts
from ecr_secrets.errors import AwsUnavailableError, ConfigurationError

_CA_BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
LARGEST_ANSWER = 64 * 1024  # bytes; an answer of ECR has about 4 KiB


@dataclass(frozen=True, slots=True)
class _Body:
    """An answer's body, in the one form that botocore reads."""

    content: bytes

    def stream(self) -> Iterator[bytes]:
        yield self.content


class Transport:
    """Sends for threads, through the event loop it was entered in.

    Redirects are not followed: what we send is signed for one host and meant for no other. Proxies
    and certificate authorities are those that botocore would take from the environment; a
    `ca_bundle` in AWS' configuration file is not read.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        """Keep the settings."""
        self._timeouts = timeouts
        self._thread = threading.local()
        self._sending: set[asyncio.Task[AWSResponse]] = set()  # touched on the event loop only

    async def __aenter__(self) -> Self:
        """Open for the loop that runs now."""
        self._loop = asyncio.get_running_loop()
        connector = aiohttp.TCPConnector(
            ssl=_tls_context(),
            limit=0,  # a hanging endpoint must not take the places of others; threads are the bound
            force_close=True,  # hours lie between two calls
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None,  # that is each thread's own deadline
                sock_connect=self._timeouts.connect.total_seconds(),
                sock_read=self._timeouts.read.total_seconds(),
            ),
            auto_decompress=False,  # we ask for none, so what is packed is no answer
            skip_auto_headers=("Accept-Encoding",),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what is still being sent."""
        for task in self._sending:
            task.cancel()
        await self._session.close()

    @contextmanager
    def until(self, deadline: float) -> Iterator[None]:
        """Give all requests of this thread a common deadline, by `time.monotonic()`."""
        self._thread.deadline = deadline
        try:
            yield
        finally:
            del self._thread.deadline

    def remaining(self) -> float:
        """Tell how many seconds this thread still has; 0 when the deadline has passed."""
        return max(0.0, float(self._thread.deadline) - time.monotonic())

    def send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Send a request from a thread; botocore's `before-send` event calls this.

        Raises:
            AwsUnavailableError: there was no whole answer within the time-outs.
        """
        host = urlsplit(request.url).netloc.rpartition("@")[2]
        remaining = self.remaining()
        if not remaining:
            raise AwsUnavailableError(f"{host}: no time was left to ask")
        future = asyncio.run_coroutine_threadsafe(self._run(request, host, remaining), self._loop)
        try:
            return future.result(remaining + 1)  # the loop's own time-out comes first
        except CancelledError:
            raise AwsUnavailableError(f"{host}: given up, the operator is stopping") from None
        except TimeoutError:
            future.cancel()
            raise AwsUnavailableError(f"{host}: the event loop is stuck") from None

    async def _run(self, request: AWSPreparedRequest, host: str, seconds: float) -> AWSResponse:
        task: asyncio.Task[AWSResponse] | None = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine handed to the loop is a task
        self._sending.add(task)
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(request, host)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # The library's text may hold the password of a proxy.
            raise AwsUnavailableError(f"{host}: {transport_problem(error)}") from None
        finally:
            self._sending.discard(task)

    async def _exchange(self, request: AWSPreparedRequest, host: str) -> AWSResponse:
        async with self._session.request(
            request.method,
            URL(request.url, encoded=True),  # as it was signed
            data=request.body,
            headers=_headers(request.headers),
            proxy=_proxy(request.url),
            allow_redirects=False,
        ) as response:
            body = await _read(response, host)
        headers = HTTPHeaders()
        for name, value in response.headers.items():
            headers[name] = value
        return AWSResponse(request.url, response.status, headers, _Body(body))


async def _read(response: aiohttp.ClientResponse, host: str) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise AwsUnavailableError(f"{host}: the answer is longer than {LARGEST_ANSWER} bytes")
    return bytes(body)


def _headers(signed: HTTPHeaders) -> dict[str, str]:
    return {
        name: value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for name, value in signed.items()
    }


def _proxy(url: str) -> str | None:
    """Name the proxy that the environment asks for; None: go straight."""
    proxy = get_environ_proxies(url).get(urlsplit(url).scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _tls_context() -> ssl.SSLContext:
    """Trust the authorities that the environment names, in botocore's order, or botocore's own."""
    variable = next((name for name in _CA_BUNDLES if os.environ.get(name)), None)
    path = os.environ[variable] if variable else get_cert_path(verify=True)
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise ConfigurationError(f"{variable}: {path}: {problem}") from error
