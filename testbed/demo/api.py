"""The API server, asked by many at the same time: one connection for each."""

import ssl
from collections.abc import Mapping
from typing import Any, Self

import aiohttp

from testbed.demo.cluster import accepted

_TIMEOUT = aiohttp.ClientTimeout(total=30)  # seconds


class Api:
    """Speaks to the API server while it is entered."""

    def __init__(self, url: str, tls: ssl.SSLContext) -> None:
        """Choose whom to speak to.

        Args:
            url: of the API server.
            tls: what it is trusted and entered with.
        """
        self._url = url
        self._tls = tls

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, ssl=self._tls)
        self._session = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Return the answer: an object, or text where it is none.

        Raises:
            ControlPlaneError: it refused.
            ConnectionError: there was no answer.
        """
        url = f"{self._url}{path}"
        try:
            async with self._session.request(method, url, json=body) as response:
                is_json = response.content_type == "application/json"
                answer = await (response.json() if is_json else response.text())
        except aiohttp.ClientError as error:
            raise ConnectionError(f"{method} {path}: {type(error).__name__}") from error
        return accepted(method, path, (response.status, answer))
