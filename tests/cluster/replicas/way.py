"""A replica's own way to the API server, on which what it sends can be kept for a while."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from testbed.kubeconfig import token_user, write_kubeconfig
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT
from tests.cluster.replicas.cluster import Cluster
from tests.fakes.relay import Relay

T = TypeVar("T")

_ANSWER = 10  # seconds; it is in the same process


class Way:
    """A relay beside tests that block, open while it is entered."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self._name = name

    def __enter__(self) -> Self:
        port = urlsplit(self._cluster.control_plane.url).port
        assert port is not None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"way of {self._name}")
        self._thread.start()
        self._relay = self._do(_opened(port))
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._relay.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def kubeconfig(self) -> Path:
        """Write what leads the operator along this way."""
        control_plane = self._cluster.control_plane
        return write_kubeconfig(
            control_plane.folder / f"way-of-{self._name}.kubeconfig",
            f"https://127.0.0.1:{self._relay.port}",
            control_plane.ca_pem,
            token_user(control_plane.token_for(NAMESPACE, SERVICE_ACCOUNT)),
        )

    def hold(self) -> None:
        """Keep what is sent, either way."""
        self._loop.call_soon_threadsafe(self._relay.hold)

    def let_go(self) -> None:
        """Deliver what was kept, and whatever comes."""
        self._loop.call_soon_threadsafe(self._relay.let_go)

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER)


async def _opened(port: int) -> Relay:
    relay = Relay(port)
    await relay.open()
    return relay
