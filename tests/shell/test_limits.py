"""What the endpoint grants unless told otherwise: enough for an API server, little to others."""

from datetime import timedelta
from typing import TypeVar

import pytest

from ecr_secrets.core.webhook_configuration import TIMEOUT_SECONDS
from ecr_secrets.webhook.limits import Limits

T = TypeVar("T", int, timedelta)

_KIB = 1024
_MIB = 1024 * _KIB
_LIMITS = Limits()
# Go's http.DefaultTransport.IdleConnTimeout: SetTransportDefaults of k8s.io/apimachinery takes it.
_KEPT_BY_API_SERVER = timedelta(seconds=90)
_CALL = timedelta(seconds=TIMEOUT_SECONDS)  # after which the API server has given up
_SECONDS = timedelta(seconds=5)  # what a flood of slow clients is survived with
_OBJECT = 3 * _MIB // 2  # --max-request-bytes of etcd, by default


def test_the_api_server_ends_an_idle_connection_before_we_do() -> None:
    """Else it might send a question just as we close: that pod is admitted without us."""
    assert _LIMITS.idle >= _KEPT_BY_API_SERVER + timedelta(seconds=10)


@pytest.mark.parametrize(
    ("granted", "least", "most"),
    [
        pytest.param(_LIMITS.idle, _CALL, timedelta(minutes=5), id="idle"),
        pytest.param(_LIMITS.handshake, _CALL, _SECONDS, id="handshake"),
        pytest.param(_LIMITS.head, _CALL, _SECONDS, id="head"),
        pytest.param(_LIMITS.body, _CALL, _SECONDS, id="body"),
        pytest.param(_LIMITS.sending, _CALL, _SECONDS, id="sending"),
        # The object and the old one, and half a MiB for what is around them.
        pytest.param(_LIMITS.max_body, 2 * _OBJECT + _MIB // 2, 7 * _MIB // 2, id="max-body"),
        pytest.param(_LIMITS.max_head, 16 * _KIB, 64 * _KIB, id="max-head"),
        pytest.param(_LIMITS.max_headers, 20, 100, id="max-headers"),
        # A deployment that starts 500 pods; what each may take in memory, see there.
        pytest.param(_LIMITS.connections, 500, 16 * _MIB // (30 * _KIB), id="connections"),
        pytest.param(_LIMITS.pipelined, 1, 10, id="pipelined"),
        pytest.param(_LIMITS.socket_buffer, 16 * _KIB, 64 * _KIB, id="socket-buffer"),
        pytest.param(_LIMITS.large_bodies, 2, 16 * _MIB // _LIMITS.max_body, id="large-bodies"),
        # What many clients may have in memory at a time without taking turns.
        pytest.param(
            _LIMITS.large_body, 16 * _KIB, 32 * _MIB // _LIMITS.connections, id="large-body"
        ),
    ],
)
def test_there_is_room_for_honest_clients_and_little_more(granted: T, least: T, most: T) -> None:
    """Nobody who asks as an API server does is cut off; nobody else holds much for long."""
    assert least <= granted <= most
