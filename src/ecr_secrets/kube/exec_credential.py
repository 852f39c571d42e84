"""What is said between us and an exec plugin: `ExecCredential`, in v1 and v1beta1.

Format: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import msgspec

from ecr_secrets.errors import UnauthorizedError

API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_CONFIG_EXTENSION = "client.authentication.k8s.io/exec"  # reserved name, see the format


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecCredential:
    """What a plugin gave us."""

    token: str | None = field(repr=False)
    certificate: bytes | None = field(repr=False)  # PEM; None: no client certificate
    key: bytes | None = field(repr=False)
    expires_at: datetime | None  # None: the plugin does not say


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class _Answer(msgspec.Struct, rename="camel"):
    api_version: str
    kind: str
    status: _Status | None = None


def parse_exec_credential(output: bytes, *, api_version: str, source: str) -> ExecCredential:
    """Read what a plugin printed.

    Args:
        source: the plugin, for the error; what it printed is never shown.

    Raises:
        UnauthorizedError: it is not what was asked for.
    """
    try:
        answer = msgspec.json.decode(output, type=_Answer)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise UnauthorizedError(f"{source}: printed no ExecCredential in JSON") from None
    if (answer.kind, answer.api_version) != ("ExecCredential", api_version):
        raise UnauthorizedError(f"{source}: printed no ExecCredential of {api_version}")
    status = answer.status or _Status()
    if not status.token and not status.client_certificate_data:
        raise UnauthorizedError(f"{source}: printed neither a token nor a client certificate")
    if bool(status.client_certificate_data) != bool(status.client_key_data):
        raise UnauthorizedError(f"{source}: printed a client certificate or its key, not both")
    return ExecCredential(
        token=status.token or None,
        certificate=status.client_certificate_data.encode() or None,
        key=status.client_key_data.encode() or None,
        expires_at=status.expiration_timestamp,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterInfo:
    """What a plugin may be told of the cluster."""

    server: str
    tls_server_name: str
    insecure: bool
    ca: bytes | None  # PEM
    proxy: str = field(repr=False)
    config: Any  # of the cluster's extension for plugins; None: there is none


def config_of(extensions: list[dict[str, Any]] | None) -> Any:
    """Find what a kubeconfig's cluster has to say to plugins."""
    return next(
        (e.get("extension") for e in extensions or () if e.get("name") == _CONFIG_EXTENSION), None
    )


def render_exec_info(
    api_version: str, *, interactive: bool, cluster: ClusterInfo | None
) -> Mapping[str, Any]:
    """Write what a plugin finds in KUBERNETES_EXEC_INFO.

    Args:
        cluster: None: the kubeconfig does not want it told.
    """
    spec: dict[str, Any] = {"interactive": interactive}
    if cluster is not None:
        told = {
            "server": cluster.server,
            "tls-server-name": cluster.tls_server_name,
            "insecure-skip-tls-verify": cluster.insecure,
            "certificate-authority-data": b64encode(cluster.ca or b"").decode(),
            "proxy-url": cluster.proxy,
            "config": cluster.config,
        }
        spec["cluster"] = {name: value for name, value in told.items() if value}
    return {"apiVersion": api_version, "kind": "ExecCredential", "spec": spec}
