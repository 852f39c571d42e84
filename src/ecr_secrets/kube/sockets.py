"""Sockets that notice within half a minute that the other side is gone.

A load balancer that forgot a connection, or a node that lost its power, sends no sign. A watch
waits for events and would wait for as long as its idle time-out.
"""

import socket
from typing import TypeAlias

_AddressInfo: TypeAlias = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]
]

# Linux' names; elsewhere a socket goes without those it does not have.
_OPTIONS = {
    "TCP_KEEPIDLE": 15,  # seconds of silence before the first probe
    "TCP_KEEPINTVL": 5,  # seconds between probes
    "TCP_KEEPCNT": 3,  # probes without an answer: 30 s in all
    "TCP_USER_TIMEOUT": 30_000,  # milliseconds that sent data may go unacknowledged
}


def alert_socket(address: _AddressInfo) -> socket.socket:
    """Make a socket for aiohttp's connector."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _OPTIONS.items():
        if hasattr(socket, name):
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made
