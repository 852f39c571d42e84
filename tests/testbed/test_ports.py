"""A reserved port belongs to the testbed from the first moment to the last."""

import errno
import socket

import pytest

from testbed.ports import ReservedPort


def test_nobody_else_gets_a_reserved_port() -> None:
    """Another program cannot slip in before the server starts, or while it is down."""
    port = ReservedPort()

    with socket.socket() as stranger, pytest.raises(OSError, match="in use") as refusal:
        stranger.bind(("127.0.0.1", port.number))

    port.close()
    assert refusal.value.errno == errno.EADDRINUSE


def test_a_client_is_refused_while_nobody_serves() -> None:
    """A reserved port does not take connections that nobody will answer."""
    port = ReservedPort()

    with socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(("127.0.0.1", port.number))

    port.close()


def test_a_server_that_shares_gets_it() -> None:
    """The API server can take its place, and take it again after a crash."""
    port = ReservedPort()

    for _ in range(2):
        with socket.socket() as server, socket.socket() as client:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind(("127.0.0.1", port.number))
            server.listen()
            client.connect(("127.0.0.1", port.number))

    port.close()
