"""etcd, on a Unix socket in the testbed's folder: no port to fight for, nobody else gets in."""

import base64
import http.client
import json
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from testbed.processes import Process, ProcessGroup
from testbed.waiting import wait_for

# etcd insists on host:port also for Unix sockets, and takes the whole for a file's name, seen
# from the working directory. Being relative, it stays short enough for a socket's address.
_SOCKET = "etcd:0"
_PEER = "unix://peer:0"  # nobody ever calls
ETCD_URL = f"unix://{_SOCKET}"

_START = timedelta(seconds=30)
_REQUEST = timedelta(seconds=10)


class Etcd:
    """The only member of an etcd cluster."""

    def __init__(self, group: ProcessGroup, program: Path) -> None:
        """Start it; `wait_until_ready` says when it can be used."""
        self._folder = group.folder
        self.process: Process = group.start(
            "etcd",
            [
                program,
                "--name=testbed",
                "--data-dir=etcd-data",
                "--unsafe-no-fsync",  # the data does not outlive the process group
                f"--listen-client-urls={ETCD_URL}",
                f"--advertise-client-urls={ETCD_URL}",
                f"--listen-peer-urls={_PEER}",
                f"--initial-advertise-peer-urls={_PEER}",
                f"--initial-cluster=testbed={_PEER}",
                "--log-level=warn",
            ],
        )

    def wait_until_ready(self) -> None:
        """Return once it answers.

        Raises:
            ControlPlaneError: it ended, or takes too long.
        """
        wait_for("etcd ready", self._answers, _START)

    def compact(self) -> None:
        """Forget every revision but the newest."""
        newest = self._call("kv/range", {"key": _base64("/")})["header"]["revision"]
        self._call("kv/compaction", {"revision": newest, "physical": True})

    def advance(self) -> None:
        """Raise the revision by writing a key that the API server does not look at."""
        self._call("kv/put", {"key": _base64("/testbed/advance"), "value": ""})

    def _answers(self) -> bool:
        self.process.check()
        try:
            self._call("kv/range", {"key": _base64("/")})
        except OSError:
            return False
        return True

    def _call(self, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Use the JSON gateway of etcd's v3 API; its 64-bit numbers are strings."""
        connection = _UnixConnection(self._folder / _SOCKET)
        try:
            connection.request("POST", f"/v3/{method}", json.dumps(body))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            raise ConnectionError(f"etcd {method}: HTTP {response.status}")
        answer: dict[str, Any] = json.loads(content)
        return answer


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_REQUEST.total_seconds())
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
