"""Writes the certificates, keys and kubeconfigs of one control plane into its folder."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from testbed.arguments import SERVICE_IP
from testbed.certificates import Authority, Certificate, KeyPair
from testbed.kubeconfig import certificate_user, write_kubeconfig

_SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


@dataclass(frozen=True, slots=True)
class Identities:
    """What a client needs to know of a control plane's certificates."""

    authority: Authority
    ca_file: Path
    ca_pem: bytes
    kubeconfig: Path  # the administrator's
    tls: ssl.SSLContext  # likewise


def write_identities(folder: Path, url: str) -> Identities:
    """Make everything anew, under the names that `arguments` uses.

    Args:
        url: of the API server.
    """
    authority = Authority("testbed")
    ca_pem = authority.certificate_pem
    ca_file = folder / "ca.crt"
    ca_file.write_bytes(ca_pem)

    server = authority.issue_server(["127.0.0.1", SERVICE_IP], _SERVER_NAMES)
    _write(folder, "api-server", server)
    tokens = KeyPair.create()
    _write_private(folder / "service-accounts.key", tokens.private_pem)
    (folder / "service-accounts.pub").write_bytes(tokens.public_pem)

    controllers = authority.issue_client("system:kube-controller-manager")
    write_kubeconfig(
        folder / "controller-manager.kubeconfig", url, ca_pem, certificate_user(controllers)
    )
    admin = authority.issue_client("testbed-admin", ["system:masters"])
    _write(folder, "admin", admin)
    kubeconfig = write_kubeconfig(folder / "admin.kubeconfig", url, ca_pem, certificate_user(admin))
    tls = ssl.create_default_context(cafile=ca_file)
    tls.load_cert_chain(folder / "admin.crt", folder / "admin.key")
    return Identities(authority, ca_file, ca_pem, kubeconfig, tls)


def _write(folder: Path, name: str, certificate: Certificate) -> None:
    (folder / f"{name}.crt").write_bytes(certificate.certificate_pem)
    _write_private(folder / f"{name}.key", certificate.key_pem)


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
