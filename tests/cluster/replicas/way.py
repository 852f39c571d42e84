"""A replica's own way to the API server, on which what it sends can be kept for a while."""

from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from testbed.kubeconfig import token_user, write_kubeconfig
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT
from tests.cluster.loop_thread import LoopThread
from tests.cluster.replicas.cluster import Cluster
from tests.fakes.relay import Relay


class Way:
    """A relay beside tests that block, open while it is entered."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self._name = name
        self._thread = LoopThread(f"way of {name}")

    def __enter__(self) -> Self:
        port = urlsplit(self._cluster.control_plane.url).port
        assert port is not None
        self._thread.__enter__()
        self._relay = self._thread.do(_opened(port))
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.do(self._relay.close())
        self._thread.__exit__()

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
        """Keep what the replica sends; what it has asked before is answered."""
        self._thread.call(partial(self._relay.hold, answers=False))

    def held(self) -> int:
        """Count the pieces that the replica has sent since `hold`: one for a request, or few."""
        return self._relay.held

    def let_go(self) -> None:
        """Deliver what was kept, and whatever comes."""
        self._thread.call(self._relay.let_go)


async def _opened(port: int) -> Relay:
    relay = Relay(port)
    await relay.open()
    return relay
