"""The operator as its own process, with the rights its manifest gives it and no others."""

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

from testbed.control_plane import ControlPlane
from testbed.errors import ControlPlaneError
from testbed.ports import ReservedPort
from testbed.processes import Process, ProcessGroup
from testbed.waiting import wait_for

ROOT = Path(__file__).parents[1]
CRD = ROOT / "manifests" / "crd.yaml"
INSTALL = ROOT / "manifests" / "install.yaml"
NAMESPACE = "kube-ecr-secrets"  # both as in install.yaml
SERVICE_ACCOUNT = "kube-ecr-secrets-operator"

_START = timedelta(seconds=30)
_STOP = timedelta(seconds=20)
_ATTEMPTS = 3
_ANSWER = 5  # seconds for one answer of a port


class Operator:
    """Runs `ecr-secrets run` while it is entered; `install.yaml` has to be applied before."""

    def __init__(
        self,
        control_plane: ControlPlane,
        environment: Mapping[str, str],
        *,
        arguments: Sequence[str] = (),
    ) -> None:
        """Choose what to start.

        Args:
            control_plane: the cluster to serve.
            environment: variables to add to ours, such as the endpoints of the fake AWS.
            arguments: flags of `ecr-secrets run`, behind those that are set here.
        """
        self._control_plane = control_plane
        self._environment = environment
        self._arguments = arguments

    def __enter__(self) -> Self:
        self._group = ProcessGroup(prefix="ecr-operator-")
        try:
            self.start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    @property
    def process(self) -> Process:
        """The process as it runs now."""
        return self._process

    @property
    def metrics_url(self) -> str:
        """Where its metrics are."""
        return f"http://127.0.0.1:{self._ports[0]}/metrics"

    @property
    def health_url(self) -> str:
        """Where /healthz and /readyz are, without the path."""
        return f"http://127.0.0.1:{self._ports[1]}"

    def start(self) -> None:
        """Start it, after `stop` or `kill` once more, and wait until it is ready.

        Its ports are chosen anew each time. Somebody else may take one before it does, which it
        says and ends; then others are chosen.
        """
        for _ in range(_ATTEMPTS):
            self._launch()
            try:
                wait_for("operator ready", self._is_ready, _START)
            except ControlPlaneError:
                if "address already in use" not in self._process.log_tail():
                    raise
            else:
                return
        raise ControlPlaneError(f"no free ports for the operator in {_ATTEMPTS} attempts")

    def _launch(self) -> None:
        self._ports = (_free_port(), _free_port())
        kubeconfig = self._control_plane.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT)
        flags = {
            "--kubeconfig": str(kubeconfig),
            "--namespace": NAMESPACE,
            "--bind-address": "127.0.0.1",
            "--metrics-port": str(self._ports[0]),
            "--health-port": str(self._ports[1]),
        }
        given = [word for flag in flags.items() for word in flag]
        self._process = self._group.start(
            "operator",
            [Path(sys.executable).with_name("ecr-secrets"), "run", *given, *self._arguments],
            environment={**_own_environment(), **self._environment},
            cwd=ROOT,
        )

    def stop(self) -> int:
        """Ask it to end, as Kubernetes does, and return its exit code."""
        os.kill(self._process.pid, signal.SIGTERM)
        self._process.wait(_STOP)
        code = self._process.exit_code
        assert code is not None  # it has ended
        return code

    def kill(self) -> None:
        """End it as a crash would."""
        self._process.kill()

    def log(self) -> list[dict[str, Any]]:
        """Return what it has logged so far, as long as it logs JSON."""
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]

    def log_text(self) -> str:
        """Return all it has written so far, over all its starts."""
        return self._process.log.read_text(errors="replace")

    def metrics(self) -> dict[str, float]:
        """Return its metrics by name and labels, such as `a_total{reason="x"}`."""
        with urlopen(self.metrics_url, timeout=_ANSWER) as answer:  # noqa: S310 - http on loopback
            lines = answer.read().decode().splitlines()
        samples = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    def _is_ready(self) -> bool:
        self._process.check()
        try:
            with urlopen(f"{self.health_url}/readyz", timeout=_ANSWER) as answer:  # noqa: S310 - http on loopback
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _close(self) -> None:
        self._group.close()


def install(control_plane: ControlPlane) -> None:
    """Apply `install.yaml` as its reader would."""
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", INSTALL)


def _free_port() -> int:
    port = ReservedPort()
    port.close()
    return port.number


def _own_environment() -> dict[str, str]:
    """Return our environment without what would give the operator another identity."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "ECR_SECRETS_")) and name != "KUBECONFIG"
    } | {"AWS_EC2_METADATA_DISABLED": "true"}
