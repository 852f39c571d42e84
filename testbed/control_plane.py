"""A Kubernetes control plane on loopback: etcd, API server and controller manager, no nodes.

    with ControlPlane() as control_plane:
        control_plane.kubectl("create", "namespace", "shop")

It blocks, it is not thread-safe, and nothing of it outlives the process that started it.
"""

import os
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from testbed.administrator import Administrator
from testbed.arguments import AUDIT_LOG, api_server_arguments, controller_manager_arguments
from testbed.audit import AUDIT_POLICY, AuditEvent, AuditLog
from testbed.binaries import Binaries, provide_binaries
from testbed.errors import ControlPlaneError
from testbed.etcd import Etcd
from testbed.identities import write_identities
from testbed.kubeconfig import certificate_user, token_user, write_kubeconfig
from testbed.ports import ReservedPort
from testbed.processes import Process, ProcessGroup
from testbed.waiting import wait_for

_START = timedelta(seconds=60)  # far beyond the usual, for a machine that is busy
_KUBECTL = timedelta(seconds=60)
_DAY = 86_400  # seconds


class ControlPlane:
    """Starts a control plane when entered, and ends it when left."""

    def __init__(self, *, manifests: Sequence[Path] = (), binaries: Binaries | None = None) -> None:
        """Choose what to start.

        Args:
            manifests: applied as soon as the API server serves, before the controller manager
                starts. The garbage collector learns of new kinds every 30 s only, so a CRD
                belongs here if owner references to its objects are to work at once.
            binaries: None: those that `provide_binaries` finds or builds.
        """
        self._manifests = tuple(manifests)
        self._binaries = binaries

    def __enter__(self) -> Self:
        self._programs = self._binaries or provide_binaries()
        self._group = ProcessGroup()
        self._port = ReservedPort()
        try:
            self._start()
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

    # Where it is, and who may enter.

    @property
    def folder(self) -> Path:
        """Where its files are; gone when it ends."""
        return self._group.folder

    @property
    def url(self) -> str:
        """Where the API server serves; stays the same over restarts."""
        return f"https://127.0.0.1:{self._port.number}"

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority that signed the API server's."""
        return self._identities.ca_file

    @property
    def ca_pem(self) -> bytes:
        """The content of `ca_file`."""
        return self._identities.ca_pem

    @property
    def tls(self) -> ssl.SSLContext:
        """For HTTPS clients of your own: the API server is trusted, the administrator is shown."""
        return self._identities.tls

    @property
    def kubeconfig(self) -> Path:
        """The administrator's, with a client certificate."""
        return self._identities.kubeconfig

    def kubeconfig_for(self, namespace: str, service_account: str) -> Path:
        """Write a kubeconfig of an existing service account, with a token for a day."""
        token = self.token_for(namespace, service_account, _DAY)
        path = self.folder / f"{namespace}.{service_account}.kubeconfig"
        return write_kubeconfig(path, self.url, self.ca_pem, token_user(token))

    def kubeconfig_of(self, user: str, groups: Sequence[str] = ()) -> Path:
        """Write a kubeconfig of a user with a client certificate, whoever that may be."""
        certificate = self._identities.authority.issue_client(user, groups)
        path = self.folder / f"{user.replace(':', '.')}.kubeconfig"
        return write_kubeconfig(path, self.url, self.ca_pem, certificate_user(certificate))

    def token_for(self, namespace: str, service_account: str, seconds: int = 3600) -> str:
        """Return a token of an existing service account; see `Administrator.token_for`."""
        return self._administrator.token_for(namespace, service_account, seconds)

    @property
    def programs(self) -> Binaries:
        """The programs it consists of, and kubectl."""
        return self._programs

    # What the administrator can do with it.

    @property
    def api_server_version(self) -> str:
        """What the API server says it is, such as `v1.36.3`."""
        _, answer = self.request("GET", "/version")
        return str(answer["gitVersion"])

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = "application/json",
        timeout: timedelta = timedelta(seconds=30),
    ) -> tuple[int, Any]:
        """Send one request; see `Administrator.request`."""
        return self._administrator.request(
            method, path, body, content_type=content_type, timeout=timeout
        )

    def kubectl(self, *arguments: str | Path, input: str | None = None) -> str:  # noqa: A002 - subprocess' word
        """Run kubectl and return what it prints.

        Raises:
            ControlPlaneError: it failed; holds what it said.
        """
        if self._programs.kubectl is None:
            raise ControlPlaneError("kubectl: not among the binaries of KUBEBUILDER_ASSETS")
        done = subprocess.run(
            [self._programs.kubectl, f"--cache-dir={self.folder}/kubectl-cache", *arguments],
            input=input,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            timeout=_KUBECTL.total_seconds(),
        )
        if done.returncode != 0:
            # Values of flags may be secrets; what was wrong with them kubectl says itself.
            words = " ".join(str(word).partition("=")[0] for word in arguments)
            raise ControlPlaneError(f"kubectl {words}: {done.stderr.strip()}")
        return done.stdout

    def audit(self) -> list[AuditEvent]:
        """Return the audit log so far; see `AuditLog.read`."""
        return self._audit_log.read()

    # What can befall it.

    @property
    def processes(self) -> tuple[Process, ...]:
        """etcd, API server, controller manager, as they run now."""
        return (self._etcd.process, self._api_server, self._controller_manager)

    def kill_api_server(self) -> None:
        """End the API server as a crash would; its clients' connections break."""
        self._api_server.kill()

    def start_api_server(self) -> None:
        """Start the API server again, where it was, and wait until it is ready."""
        self._api_server = self._run_api_server()
        self._wait_for_api_server()

    @contextmanager
    def without_api_server(self) -> Iterator[None]:
        """Do without the API server, as after a crash; it is there again whatever comes of it."""
        self.kill_api_server()
        try:
            yield
        finally:
            self.start_api_server()

    def pause_etcd(self) -> None:
        """Stop etcd from answering, connections kept open: writes hang, cached reads do not."""
        self._etcd.process.pause()

    def resume_etcd(self) -> None:
        """Let etcd answer again."""
        self._etcd.process.resume()

    def compact_etcd(self) -> None:
        """Make etcd forget every revision but the newest.

        Clients notice nothing by that alone: the API server goes on with watches and, since 1.34,
        paged lists from its own memory, which `expire_resource_versions` empties as well.
        """
        self._etcd.compact()

    def expire_resource_versions(self) -> None:
        """Have every resource version seen so far answered with 410, by watch and paged list.

        The API server remembers recent changes in memory and knows nothing older than its own
        start. So this takes a write (or the newest version would still be good), a compaction
        and a restart. Open watches break, as with `kill_api_server`.
        """
        self._etcd.advance()
        self._etcd.compact()
        self.kill_api_server()
        self.start_api_server()

    # How it comes and goes.

    def _start(self) -> None:
        self._etcd = Etcd(self._group, self._programs.etcd)
        self._identities = write_identities(self.folder, self.url)
        self._administrator = Administrator(self._port.number, self._identities.tls)
        (self.folder / "audit-policy.yaml").write_text(AUDIT_POLICY, encoding="utf-8")
        self._audit_log = AuditLog(self.folder / AUDIT_LOG)
        self._etcd.wait_until_ready()
        self._api_server = self._run_api_server()
        self._wait_for_api_server()
        for manifest in self._manifests:
            self.kubectl("apply", "--server-side", "--filename", manifest)
        # Not before: it gives up when its role is not there ten seconds after its start.
        self._controller_manager = self._group.start(
            "kube-controller-manager",
            controller_manager_arguments(self._programs.kube_controller_manager),
        )
        wait_for("service account default/default", self._has_default_account, _START)

    def _run_api_server(self) -> Process:
        arguments = api_server_arguments(self._programs.kube_apiserver, self._port.number)
        return self._group.start("kube-apiserver", arguments)

    def _wait_for_api_server(self) -> None:
        wait_for("API server ready", self._is_ready, _START)

    def _is_ready(self) -> bool:
        self._api_server.check()
        try:
            status, _ = self.request("GET", "/readyz", timeout=timedelta(seconds=2))
        except OSError:
            return False
        return status == 200

    def _has_default_account(self) -> bool:
        self._controller_manager.check()
        path = "/api/v1/namespaces/default/serviceaccounts/default"
        return self.request("GET", path)[0] == 200

    def _close(self) -> None:
        self._group.close()
        self._port.close()
