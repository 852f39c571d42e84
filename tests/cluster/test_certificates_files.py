"""Certificates from elsewhere, in files that are replaced while pods come."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.certificates import Authority
from testbed.operator import NAMESPACE, SERVICE_ACCOUNT
from tests.cluster.other_operator import operated, resting
from tests.cluster.pods import Village, a_pod, configuration
from tests.cluster.stage import Site, Stage
from tests.cluster.webhook_health import events_on
from tests.cluster.webhook_metrics import failed_open

HOST = "127.0.0.1"
_END = 30  # seconds


class Volume:
    """Three files as the kubelet mounts them: links into a folder that is exchanged as a whole."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._versions = 0

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that name them."""
        files = {
            "--tls-cert-file": "tls.crt",
            "--tls-key-file": "tls.key",
            "--tls-ca-file": "ca.crt",
        }
        return tuple(
            word for flag, name in files.items() for word in (flag, str(self._root / name))
        )

    def mount(self, authority: Authority, *, key: bytes | None = None) -> None:
        """Put a new certificate of an authority in place, with its key or another."""
        made = authority.issue_server([HOST], ["webhook"])
        self._versions += 1
        folder = self._root / f"..{self._versions}"
        folder.mkdir()
        (folder / "tls.crt").write_bytes(made.certificate_pem)
        (folder / "tls.key").write_bytes(made.key_pem if key is None else key)
        (folder / "ca.crt").write_bytes(authority.certificate_pem)
        for name in ("tls.crt", "tls.key", "ca.crt"):
            if not (self._root / name).is_symlink():
                (self._root / name).symlink_to(Path("..data") / name)
        (self._root / "..new").symlink_to(folder.name)
        os.replace(self._root / "..new", self._root / "..data")


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    """Files that cert-manager has written."""
    made = Volume(tmp_path)
    made.mount(Authority("cert-manager"))
    return made


@pytest.fixture
def village(site: Site, volume: Volume) -> Iterator[Village]:
    """A namespace whose pods are asked about with the certificate of the files."""
    with resting(site) as rested, operated(rested, *volume.flags) as other, Stage(other) as stage:
        made = Village(stage, "shop")
        made.serve()
        yield made


def test_files_from_elsewhere_are_served_with_and_read_again(
    village: Village, volume: Volume
) -> None:
    """A certificate of another authority needs no restart; one that is broken is not used."""
    stage, pod = village.stage, a_pod(village.namespaces[0], village.secret)
    first = _bundle(stage)

    volume.mount(Authority("cert-manager"), key=b"junk")
    kind, reason = "ValidatingWebhookConfiguration", "WebhookCertificateNotReplaced"
    stage.until("it says so", lambda: events_on(stage, kind).get(reason) == 1)
    failures = failed_open(stage.site.control_plane)
    assert all(village.is_asked_about(pod) for _ in range(3))
    assert failed_open(stage.site.control_plane) == failures
    assert _bundle(stage) == first

    volume.mount(Authority("cert-manager-2"))
    stage.until("the bundle is the new one", lambda: _bundle(stage) != first)
    stage.until("pods are asked about", lambda: village.is_asked_about(pod))
    failures = failed_open(stage.site.control_plane)
    assert all(village.is_asked_about(pod) for _ in range(3))
    assert failed_open(stage.site.control_plane) == failures
    assert "PRIVATE" not in stage.operator.log_text()


def _bundle(stage: Stage) -> str:
    found = configuration(stage)
    assert found is not None
    return str(found["webhooks"][0]["clientConfig"]["caBundle"])


def _run(site: Site, *flags: str) -> tuple[int, str]:
    """Run an operator that cannot start; return its exit code and what it says."""
    kubeconfig = site.control_plane.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT)
    fixed = ("--kubeconfig", str(kubeconfig), "--metrics-port", "0", "--health-port", "0")
    done = subprocess.run(
        [Path(sys.executable).with_name("ecr-secrets"), "run", *fixed, *flags],
        capture_output=True,
        text=True,
        check=False,
        timeout=_END,
    )
    return done.returncode, done.stderr


def test_flags_that_cannot_be_meant_end_it_at_once(site: Site) -> None:
    """With the exit code of a wrong call and one line, not with a traceback."""
    code, text = _run(site, "--webhook-port", "1", "--tls-cert-file", "a", "--tls-ca-file", "c")

    assert code == 2
    assert "--tls-cert-file, --tls-key-file and --tls-ca-file belong together" in text
    assert "Traceback" not in text


def test_a_webhook_port_that_is_taken_ends_it_with_one_line(site: Site) -> None:
    """Although everything else is running by then."""
    with socket.create_server((HOST, 0)) as taken:
        port = str(taken.getsockname()[1])
        flags = ("--namespace", NAMESPACE, "--identity", "late-comer", "--bind-address", HOST)

        code, text = _run(site, "--webhook-port", port, *_files_of(site), *flags)

    assert code == 2
    assert f"--webhook-port: {HOST}:{port}: Address already in use" in text
    assert "Traceback" not in text


def _files_of(site: Site) -> tuple[str, ...]:
    """Name a certificate that is at hand, so that the port is opened at once."""
    folder = site.control_plane.folder
    pair = ("--tls-cert-file", str(folder / "admin.crt"), "--tls-key-file")
    return (*pair, str(folder / "admin.key"), "--tls-ca-file", str(folder / "ca.crt"))
