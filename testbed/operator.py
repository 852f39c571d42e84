"""The operator as its own process, with the rights its manifest gives it and no others."""

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
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

# Where things are, on a machine that runs several operators.
_OF_THE_PLACE = ("--bind-address", "--metrics-port", "--health-port", "--webhook-port")
_START = timedelta(seconds=30)
_STOP = timedelta(seconds=20)
_IN_FORCE = timedelta(seconds=30)  # API servers follow what was applied, usually within a second
_ATTEMPTS = 3
_PROGRAM = "operator"
_ANSWER = 5  # seconds for one answer of a port


class Operator:
    """Runs `ecr-secrets run` while it is entered; `install.yaml` has to be applied before."""

    # Folder that gets the log of each one that is left; None: logs go with their processes.
    kept_logs: ClassVar[Path | None] = None

    def __init__(
        self,
        control_plane: ControlPlane,
        environment: Mapping[str, str],
        *,
        arguments: Sequence[str] = (),
        webhook: bool = True,
    ) -> None:
        """Choose what to start.

        Args:
            control_plane: the cluster to serve.
            environment: variables to add to ours, such as the endpoints of the fake AWS.
            arguments: flags of `ecr-secrets run`, behind those that are set here.
            webhook: whether it answers pods, reached by URL since there are no Services here.
        """
        self._control_plane = control_plane
        self._environment = environment
        self._arguments = arguments
        self._webhook = webhook
        self._ports = _free_ports()

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

    @property
    def webhook_port(self) -> int:
        """Where it answers pods, as long as it does."""
        return self._ports[2]

    def start(self) -> None:
        """Start it, after `stop` or `kill` once more, and wait until it is ready.

        It keeps its ports from one start to the next. Somebody else may take one before it does,
        which it says and ends; then others are chosen.
        """
        for _ in range(_ATTEMPTS):
            self._launch()
            try:
                wait_for("operator ready", self._is_ready, _START)
            except ControlPlaneError:
                if "address already in use" not in self._process.log_tail().lower():
                    raise
                self._ports = _free_ports()
            else:
                return
        raise ControlPlaneError(f"no free ports for the operator in {_ATTEMPTS} attempts")

    def _launch(self) -> None:
        kubeconfig = self._control_plane.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT)
        flags = {
            "--kubeconfig": str(kubeconfig),
            "--namespace": NAMESPACE,
            "--bind-address": "127.0.0.1",
            "--metrics-port": str(self._ports[0]),
            "--health-port": str(self._ports[1]),
        }
        if self._webhook:
            flags |= {
                "--webhook-port": str(self.webhook_port),
                "--webhook-url": f"https://127.0.0.1:{self.webhook_port}",
            }
        given = [word for flag in flags.items() for word in flag]
        self._process = self._group.start(
            _PROGRAM,
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
        log = self._group.folder / f"{_PROGRAM}.log"
        if self.kept_logs and log.exists():
            shutil.copy(log, self.kept_logs / f"{self._group.folder.name}.log")
        self._group.close()


def installation() -> str:
    """Return `install.yaml` without replicas: a node would ask the internet for their image.

    An `Operator` is what runs instead.
    """
    manifests = INSTALL.read_text(encoding="utf-8")
    text, times = re.subn(r"^  replicas: \d+$", "  replicas: 0", manifests, flags=re.MULTILINE)
    assert times == 1  # there is one Deployment
    return text


def install(control_plane: ControlPlane) -> None:
    """Apply `installation`, and wait until rights and policy are in force."""
    apply = ("apply", "--server-side", "--force-conflicts", "-f", "-")
    control_plane.kubectl(*apply, input=installation())
    wait_for("the operator has its rights", lambda: _may_write(control_plane), _IN_FORCE)
    kubeconfig = control_plane.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT)
    wait_for("the operator is confined", lambda: _is_confined(control_plane, kubeconfig), _IN_FORCE)


def _may_write(control_plane: ControlPlane) -> bool:
    """Tell whether the authorizer has seen the roles; asking as the operator would be denied."""
    user = f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"
    wanted = {"verb": "create", "resource": "secrets", "namespace": NAMESPACE}
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    _, review = control_plane.request(
        "POST",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {**kind, "spec": {"user": user, "resourceAttributes": wanted}},
    )
    return bool(review["status"]["allowed"])


def _is_confined(control_plane: ControlPlane, kubeconfig: Path) -> bool:
    """Try as the operator what the policy forbids, without effect."""
    path = f"/api/v1/namespaces/{NAMESPACE}/secrets?dryRun=All"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "forbidden"}}
    try:
        control_plane.kubectl(
            f"--kubeconfig={kubeconfig}", "create", f"--raw={path}", "-f-", input=json.dumps(secret)
        )
    except ControlPlaneError as error:
        if "denied request" not in str(error):
            raise
        return True
    return False


def flags_of(arguments: Sequence[str]) -> list[str]:
    """Return the flags of a Deployment's container, but for those that `Operator` sets itself.

    Args:
        arguments: `run`, and flags as `--flag=value`.
    """
    run, *flags = arguments
    assert run == "run"  # what an `Operator` runs
    return [flag for flag in flags if not flag.startswith(_OF_THE_PLACE)]


def _free_ports() -> tuple[int, int, int]:
    """Choose ports for metrics, health and webhook."""
    ports = (ReservedPort(), ReservedPort(), ReservedPort())  # all before any is given back
    for port in ports:
        port.close()
    metrics, health, webhook = (port.number for port in ports)
    return metrics, health, webhook


def _own_environment() -> dict[str, str]:
    """Return our environment without what would give the operator another identity."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "ECR_SECRETS_")) and name != "KUBECONFIG"
    } | {"AWS_EC2_METADATA_DISABLED": "true"}
