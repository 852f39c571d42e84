"""The script that `helm test` runs in a pod, against servers that behave and that do not."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from runpy import run_path

import pytest

from chart.generated import CHART
from testbed.certificates import Authority
from testbed.ports import ReservedPort
from tests.helm.helm import Helm, the

_HOST = "127.0.0.1"
main = run_path(str(CHART / "files" / "test.py"))["main"]

# What the operator answers, by port and path.
_WELL: Mapping[str, tuple[str, int, bytes]] = {
    "health": ("/readyz", 200, b"ok"),
    "metrics": ("/metrics", 200, b"ecr_secrets_leader 1.0\n"),
    "webhook": ("/validate-pods", 400, b"no review"),
}


@contextmanager
def serving(path: str, status: int, body: bytes, tls: ssl.SSLContext | None) -> Iterator[int]:
    """Answer one path on a port of loopback, and any other with 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status if self.path == path else 404)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            """Say nothing."""

    server = ThreadingHTTPServer((_HOST, 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A certificate of an authority that the script cannot know."""
    folder = tmp_path_factory.mktemp("tls")
    made = Authority("nobody").issue_server([_HOST], ["release"])
    (folder / "crt").write_bytes(made.certificate_pem)
    (folder / "key").write_bytes(made.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt", folder / "key")
    return context


def outcome(answers: Mapping[str, tuple[str, int, bytes]], tls: ssl.SSLContext) -> int:
    """Run the script against servers with these answers."""
    with ExitStack() as stack:
        ports = [
            f"{name}={stack.enter_context(serving(*answer, tls if name == 'webhook' else None))}"
            for name, answer in answers.items()
        ]
        return int(main(_HOST, *ports, patience=0))


def test_a_release_that_works_passes(
    tls: ssl.SSLContext, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each port is named."""
    assert outcome(_WELL, tls) == 0
    assert capsys.readouterr().out == "health: ok\nmetrics: ok\nwebhook: ok\n"


@pytest.mark.parametrize(
    ("name", "status", "body", "said"),
    [
        pytest.param("health", 503, b"", "503", id="not-ready"),
        pytest.param("metrics", 200, b"other_total 1", "not ours", id="other-metrics"),
        pytest.param("webhook", 200, b"", "answered with 200", id="takes-anything"),
        pytest.param("webhook", 404, b"", "answered with 404", id="another-server"),
    ],
)
def test_one_that_does_not_is_told(
    tls: ssl.SSLContext,
    capsys: pytest.CaptureFixture[str],
    name: str,
    status: int,
    body: bytes,
    said: str,
) -> None:
    """The others are asked all the same."""
    failed = outcome({**_WELL, name: (_WELL[name][0], status, body)}, tls)

    lines = capsys.readouterr().out.splitlines()
    assert failed == 1
    assert [line for line in lines if not line.endswith(": ok")] == [
        line for line in lines if line.startswith(f"{name}: ") and said in line
    ]


def test_nobody_at_home_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Rather than a traceback."""
    port = ReservedPort()
    port.close()

    assert main(_HOST, f"health={port.number}", patience=0) == 1
    assert "health: no answer from 127.0.0.1" in capsys.readouterr().out


def test_the_pod_runs_this_very_script(helm4: Helm) -> None:
    """With the name of the Service and every port that is on."""
    objects = helm4.render()

    (container,) = the(objects, "Pod")["spec"]["containers"]
    service = the(objects, "Service")
    script, host, *ports = container["args"]
    assert script == Path(CHART / "files" / "test.py").read_text()
    assert host == service["metadata"]["name"]
    offered = {f"{port['name']}={port['port']}" for port in service["spec"]["ports"]}
    assert set(ports) == offered
