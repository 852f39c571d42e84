"""Pods, as far as a demo without nodes has them: admitted, and followed by their first pull."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self

import aiohttp

from testbed.demo.cluster import accepted
from testbed.demo.reading import read_pull_secret
from testbed.demo.sight import Pod
from testbed.registry import FakeRegistry, pull_check

_TIMEOUT = aiohttp.ClientTimeout(total=30)  # seconds
# How long the operator holds a pod at most. A refresh that takes longer, on a machine that is very
# busy, is through by the second pull.
_BOUND = timedelta(seconds=1.5)
_BACK_OFF = 2  # seconds until then; a kubelet's 10 s are longer than some tokens live here


class Pods:
    """Creates pods while it is entered and, once each is admitted, pulls as its node would."""

    def __init__(
        self, url: str, tls: ssl.SSLContext, registry: FakeRegistry, *, host: str, secret_name: str
    ) -> None:
        """Choose what they are like.

        Args:
            url: of the API server.
            tls: what it is trusted and entered with.
            registry: where they pull.
            host: what their image's name begins with.
            secret_name: of the pull secret that they name.
        """
        self.created: tuple[Pod, ...] = ()  # grows when all of those created at once have pulled
        self._url = url
        self._tls = tls
        self._registry = registry
        self._host = host
        self._secret_name = secret_name

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, ssl=self._tls)
        self._session = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def create(self, namespace: str, count: int = 1) -> None:
        """Create pods, all at the same time, and have each pull as soon as it is admitted.

        Raises:
            ControlPlaneError, OSError: one of them was not admitted.
        """
        # Connections are made before, so that what is measured is admission.
        await asyncio.gather(*(self._ask("GET", "/readyz") for _ in range(count)))
        pods = await asyncio.gather(*(self._create_one(namespace) for _ in range(count)))
        self.created += tuple(pods)

    async def _create_one(self, namespace: str) -> Pod:
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"generateName": "shop-"},
            "spec": {
                "containers": [{"name": "shop", "image": f"{self._host}/shop:1"}],
                "imagePullSecrets": [{"name": self._secret_name}],
            },
        }
        asked = time.monotonic()
        await self._ask("POST", f"/api/v1/namespaces/{namespace}/pods", pod)
        held = timedelta(seconds=time.monotonic() - asked)
        pulled = Pod(namespace=namespace, held=held, answer=await self._pull(namespace))
        if pulled.pulls or held < _BOUND:
            return pulled
        await asyncio.sleep(_BACK_OFF)
        return replace(pulled, answer=await self._pull(namespace), late=True)

    async def _pull(self, namespace: str) -> int:
        path = f"/api/v1/namespaces/{namespace}/secrets/{self._secret_name}"
        secret = read_pull_secret(await self._ask("GET", path))
        return await pull_check(secret.docker_config, self._host, self._registry.url)

    async def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"{self._url}{path}"
        try:
            async with self._session.request(method, url, json=body) as response:
                is_json = response.content_type == "application/json"
                answer = await (response.json() if is_json else response.text())
        except aiohttp.ClientError as error:
            raise ConnectionError(f"{method} {path}: {type(error).__name__}") from error
        return accepted(method, path, (response.status, answer))
