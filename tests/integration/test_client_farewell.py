"""A watch that is left has no connection any more, whatever the other side does."""

import asyncio
import gc
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from ecr_secrets.kube.access import ClusterAccess
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.resource import SECRETS
from testbed.certificates import Authority
from tests.fakes.cluster_access import ListedTokens

_HOST = "127.0.0.1"
_BEGINNING = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n"
_PATIENCE = 20  # seconds


@contextmanager
def _deaf_server(authority: Authority, folder: Path) -> Iterator[str]:
    """Begin one answer over TLS, then hear nothing any more; yields the URL."""
    made = authority.issue_server([_HOST], ["localhost"])
    file = folder / "server.pem"
    file.write_bytes(made.certificate_pem + made.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    over = threading.Event()

    def serve(door: socket.socket) -> None:
        line, _ = door.accept()
        line.settimeout(_PATIENCE)
        with context.wrap_socket(line, server_side=True) as talk:
            talk.recv(65536)
            talk.sendall(_BEGINNING)
            over.wait(_PATIENCE)

    with socket.create_server((_HOST, 0)) as door:
        door.settimeout(_PATIENCE)
        server = threading.Thread(target=serve, args=(door,))
        server.start()
        try:
            yield f"https://{_HOST}:{door.getsockname()[1]}"
        finally:
            over.set()
            server.join()


def test_a_watch_that_is_left_waits_for_no_farewell(tmp_path: Path) -> None:
    """A server that hangs keeps no connection of ours, and the event loop may end at once."""
    authority = Authority("cluster")
    tls = ssl.create_default_context(cadata=authority.certificate_pem.decode())

    async def watch_a_moment(url: str) -> bytes:
        access = ClusterAccess(server=url, ssl=tls, credentials=ListedTokens())
        async with (
            Client(access) as client,
            client.watch(SECRETS, query={}, idle_timeout=timedelta(seconds=_PATIENCE)) as lines,
        ):
            return await anext(lines)

    with _deaf_server(authority, tmp_path) as url, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        line = asyncio.run(watch_a_moment(url))
        gc.collect()

    assert line == b"{}"
    assert [str(each.message) for each in caught if each.category is ResourceWarning] == []
