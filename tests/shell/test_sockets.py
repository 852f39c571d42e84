"""A connection whose other side is gone is noticed."""

import socket

from ecr_secrets.kube.sockets import alert_socket


def test_a_dead_connection_is_noticed_within_half_a_minute() -> None:
    """Promise 6 leaves a minute for everything, a watch that nobody answers included."""
    address = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1))

    with alert_socket(address) as made:
        tcp = socket.IPPROTO_TCP
        idle = made.getsockopt(tcp, socket.TCP_KEEPIDLE)
        probes = made.getsockopt(tcp, socket.TCP_KEEPINTVL) * made.getsockopt(
            tcp, socket.TCP_KEEPCNT
        )

        assert made.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert idle + probes <= 30
        assert made.getsockopt(tcp, socket.TCP_USER_TIMEOUT) <= 30_000  # milliseconds
