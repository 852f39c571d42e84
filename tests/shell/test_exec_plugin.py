"""Credentials from exec plugins, with real commands."""

import asyncio
import json
import os
import ssl
import sys
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ecr_secrets.errors import ConfigurationError, OperatorError, UnauthorizedError
from ecr_secrets.kube.access import ClusterAccess, load_access
from ecr_secrets.kube.exec_process import PluginCommand
from testbed.certificates import Authority
from tests.fakes.kubeconfigs import a_kubeconfig

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"

# Appends a line to the file `runs`, and prints a token that tells how many there are.
COUNTING = """
import json, os, pathlib
runs = pathlib.Path(os.environ["RUNS"])
with runs.open("a") as file: file.write("x")
status = {"token": f"t{len(runs.read_text())}", **json.loads(os.environ.get("STATUS", "{}"))}
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
pathlib.Path(os.environ["RUNS"] + ".info").write_text(json.dumps(info))
print(json.dumps({"apiVersion": info["apiVersion"], "kind": "ExecCredential", "status": status}))
"""


class _Plugin:
    """A plugin in a kubeconfig, and what came of it."""

    def __init__(self, folder: Path, program: str = COUNTING, **fields: Any) -> None:
        self.runs_file = folder / "runs"
        self.now = NOON
        self._fields = {
            "apiVersion": V1,
            "interactiveMode": "Never",
            "command": sys.executable,
            "args": ["-c", program],
            **fields,
        }
        variables = {"RUNS": str(self.runs_file), **self._fields.pop("variables", {})}
        self._fields["env"] = [{"name": k, "value": v} for k, v in variables.items()]
        self._folder = folder

    async def access(self, **cluster: Any) -> ClusterAccess:
        path = a_kubeconfig(self._folder / "config", cluster=cluster, user={"exec": self._fields})
        return await load_access(
            kubeconfig=str(path), context=None, environ={}, clock=lambda: self.now
        )

    @property
    def runs(self) -> int:
        return len(self.runs_file.read_text()) if self.runs_file.exists() else 0

    @property
    def told(self) -> Any:
        """What the plugin found in KUBERNETES_EXEC_INFO."""
        return json.loads(self.runs_file.with_name("runs.info").read_text())


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("version", [V1, V1BETA1])
async def test_a_plugin_is_run_once_for_many_requests(tmp_path: Path, version: str) -> None:
    """A token that does not expire is kept; requests that come together share the run."""
    plugin = _Plugin(tmp_path, apiVersion=version)
    access = await plugin.access()

    headers = await asyncio.gather(*(access.credentials.headers() for _ in range(8)))

    assert headers == [_bearer("t1")] * 8
    assert plugin.runs == 1


@pytest.mark.parametrize(
    ("passed", "expected"),
    [
        pytest.param(timedelta(seconds=59), "t1", id="just-before-the-expiry"),
        pytest.param(timedelta(seconds=60), "t2", id="at-the-expiry"),
        pytest.param(timedelta(seconds=61), "t2", id="just-after-the-expiry"),
    ],
)
async def test_an_expired_token_is_replaced(
    tmp_path: Path, passed: timedelta, expected: str
) -> None:
    """The plugin says how long its token is good for."""
    status = {"expirationTimestamp": "2026-01-01T13:01:00+01:00"}
    plugin = _Plugin(tmp_path, variables={"STATUS": json.dumps(status)})
    access = await plugin.access()
    await access.credentials.headers()

    plugin.now += passed

    assert await access.credentials.headers() == _bearer(expected)


async def test_a_refused_token_is_replaced(tmp_path: Path) -> None:
    """The API server's word counts more than the plugin's."""
    access = await _Plugin(tmp_path).access()
    await access.credentials.headers()

    access.credentials.invalidate()

    assert await access.credentials.headers() == _bearer("t2")


async def test_the_cluster_is_told_when_the_user_wants_it(tmp_path: Path) -> None:
    """A plugin may need address and CA, and its own settings from the kubeconfig."""
    ca = b64encode(Authority("test CA").certificate_pem).decode()
    extensions = [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}]
    plugin = _Plugin(tmp_path, provideClusterInfo=True)
    access = await plugin.access(
        **{"certificate-authority-data": ca, "tls-server-name": "api", "extensions": extensions}
    )

    await access.credentials.headers()

    assert plugin.told == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {
            "interactive": False,
            "cluster": {
                "server": "https://dev",
                "tls-server-name": "api",
                "certificate-authority-data": ca,
                "config": {"audience": "a"},
            },
        },
    }


async def test_otherwise_the_cluster_is_not_told(tmp_path: Path) -> None:
    """Only what is asked for is passed on."""
    plugin = _Plugin(tmp_path)

    await (await plugin.access()).credentials.headers()

    assert plugin.told["spec"] == {"interactive": False}


async def test_a_plugins_client_certificate_is_used(tmp_path: Path) -> None:
    """It comes with the headers, and gives connections of its own."""
    certificate = Authority("test CA").issue_client("me")
    status = {
        "token": "",
        "clientCertificateData": certificate.certificate_pem.decode(),
        "clientKeyData": certificate.key_pem.decode(),
    }
    access = await _Plugin(tmp_path, variables={"STATUS": json.dumps(status)}).access()
    before = access.tls()

    headers = await access.credentials.headers()
    after = access.tls()

    assert headers == {}
    assert isinstance(after, ssl.SSLContext)
    assert after is not before
    assert access.tls() is after


async def test_a_command_beside_the_kubeconfig_is_found_there(tmp_path: Path) -> None:
    """A path is relative to the file it stands in; only a bare name is looked up in PATH."""
    script = tmp_path / "login"
    script.write_text(f"#!{sys.executable}\n{COUNTING}")
    script.chmod(0o700)

    access = await _Plugin(tmp_path, command="./login", args=None).access()

    assert await access.credentials.headers() == _bearer("t1")


def _printing(answer: object) -> str:
    return f"print({json.dumps(json.dumps(answer))})"


FAILURES: list[Any] = [
    pytest.param(
        {"program": "import sys; print('hunter2'); sys.exit('sign in first')"},
        UnauthorizedError,
        "failed with exit code 1: sign in first",
        id="fails",
    ),
    pytest.param(
        {"program": "print('hunter2')"}, UnauthorizedError, "printed no ExecCredential", id="text"
    ),
    pytest.param(
        {"program": _printing({"apiVersion": V1BETA1, "kind": "ExecCredential"})},
        UnauthorizedError,
        f"printed no ExecCredential of {V1}",
        id="another-version",
    ),
    pytest.param(
        {"program": _printing({"apiVersion": V1, "kind": "ExecCredential", "status": {}})},
        UnauthorizedError,
        "printed neither a token nor a client certificate",
        id="nothing-inside",
    ),
    pytest.param(
        {
            "program": _printing(
                {"apiVersion": V1, "kind": "ExecCredential", "status": {"clientKeyData": "hunter2",
                 "token": "hunter2"}}
            )
        },
        UnauthorizedError,
        "a client certificate or its key, not both",
        id="half-a-certificate",
    ),
    pytest.param(
        {
            "program": _printing(
                {"apiVersion": V1, "kind": "ExecCredential", "status": {"token": "hunter2\nX: y"}}
            )
        },
        UnauthorizedError,
        "holds characters no token has",
        id="token-with-a-line",
    ),
    pytest.param(
        {"program": "while True: print('hunter2' * 1000)"},
        UnauthorizedError,
        "printed more than 1048576 bytes",
        id="endless",
    ),
    pytest.param(
        {"command": "no-such-login", "installHint": "brew install login"},
        ConfigurationError,
        "exec plugin no-such-login: No such file or directory; brew install login",
        id="missing-command",
    ),
    pytest.param(
        {"interactiveMode": "Always"}, ConfigurationError, "needs a terminal", id="no-terminal"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "expected", "text"), FAILURES)
async def test_a_plugin_that_fails_says_why(
    tmp_path: Path, fields: dict[str, Any], expected: type[OperatorError], text: str
) -> None:
    """What it wrote to stderr is shown; what it printed, which may be a token, never."""
    access = await _Plugin(tmp_path, **fields).access()

    with pytest.raises(OperatorError) as caught:
        await access.credentials.headers()

    assert type(caught.value) is expected
    assert text in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    """After somebody has signed in, the next request goes through."""
    program = (
        f"import os\nif not os.path.exists(os.environ['RUNS']): raise SystemExit(1)\n{COUNTING}"
    )
    plugin = _Plugin(tmp_path, program)
    access = await plugin.access()
    with pytest.raises(UnauthorizedError):
        await access.credentials.headers()

    plugin.runs_file.write_text("")

    assert await access.credentials.headers() == _bearer("t1")


async def test_a_plugin_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    """It has a deadline, and leaves nothing behind that still waits for a login."""
    pipe = tmp_path / "pipe"  # at its end only when the last process that has it open is gone
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    command = PluginCommand(
        api_version=V1,
        command="/bin/sh",
        arguments=("-c", '(echo started; sleep 60) > "$0" & wait', str(pipe)),
        environ={"PATH": os.environ["PATH"]},
        interactive_mode="Never",
        timeout=timedelta(seconds=2),
    )

    with pytest.raises(UnauthorizedError, match="not done within 2 s"):
        await command.run()

    os.set_blocking(reader, True)
    async with asyncio.timeout(20):
        with os.fdopen(reader) as held:
            assert await asyncio.to_thread(held.read) == "started\n"
