"""A loopback port that stays ours, also while nobody serves on it."""

import socket


class ReservedPort:
    """Keeps a port of 127.0.0.1 bound, without listening, for a server that shares it.

    The server must set SO_REUSEPORT (kube-apiserver: `--permit-port-sharing`). To everybody else
    the port is taken, so nothing can slip in between choosing the port and serving on it, nor
    while the server is down: several testbeds may start side by side, and a restart finds its
    port free. A client gets its connection refused while no server listens.
    """

    def __init__(self) -> None:
        """Let the system choose a port and keep it."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()
