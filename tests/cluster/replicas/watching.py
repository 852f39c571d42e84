"""Follows objects of a cluster in a thread, beside tests that block."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self
from urllib.parse import urlsplit

from tests.cluster.replicas.cluster import Cluster


class Watch:
    """Hands over every watch event while it is entered; the first ones show what is there."""

    def __init__(
        self, cluster: Cluster, path: str, take_in: Callable[[dict[str, Any]], None]
    ) -> None:
        """Prepare to watch.

        Args:
            cluster: where.
            path: of a list, with the query that narrows it down.
            take_in: is called in a thread of its own.
        """
        self._path = f"{path}&watch=1"
        self._token = cluster.token
        self._take_in = take_in
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="watch")
        tls = ssl.create_default_context(cadata=cluster.control_plane.ca_pem.decode())
        self._connection = http.client.HTTPSConnection(
            urlsplit(cluster.control_plane.url).netloc, context=tls
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._connection.sock:
            with suppress(OSError):
                # Not as `SSLSocket` does it: that would have the thread read on without TLS.
                socket.socket.shutdown(self._connection.sock, socket.SHUT_RDWR)
        self._thread.join()

    def _follow(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        while not self._over.is_set():
            with suppress(OSError, http.client.HTTPException):
                self._connection.request("GET", self._path, headers=headers)
                for line in self._connection.getresponse():
                    self._take_in(json.loads(line))
            self._connection.close()
