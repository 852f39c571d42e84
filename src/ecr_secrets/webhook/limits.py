"""How much time and space the endpoint grants to whoever connects."""

from dataclasses import dataclass
from datetime import timedelta

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the endpoint grants. Sizes are in bytes."""

    # An API server opens one connection per pod that is being created; it serves some 600 requests
    # at a time. An idle connection takes about 30 KiB, one in the middle of a body up to 130 KiB.
    connections: int = 512
    idle: timedelta = timedelta(seconds=120)  # the API server closes what it has not used for 90 s

    handshake: timedelta = timedelta(seconds=3)
    head: timedelta = timedelta(seconds=5)  # from its first byte to its last
    body: timedelta = timedelta(seconds=5)  # likewise, the wait for its turn included
    sending: timedelta = timedelta(seconds=5)  # for a client to take what we send

    max_head: int = 32 * _KIB  # room for a bearer token, which the API server may be told to send
    max_headers: int = 64

    # A pod is 1.5 MiB at most in etcd, and on UPDATE the review holds the old one as well.
    max_body: int = 3 * _MIB + 512 * _KIB
    large_body: int = 64 * _KIB  # above this, bodies take turns
    large_bodies: int = 4  # in memory at a time
    # Of the system, per connection and direction: what waits there is memory of the container too.
    # Left to itself, Linux grows it to megabytes.
    socket_buffer: int = 64 * _KIB
    pipelined: int = 4  # requests on one connection that wait for their answers
