"""How to reach and enter the cluster: found where kubectl and client-go look for it."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from ssl import SSLContext
from typing import Protocol, TypeAlias
from urllib.parse import urlsplit

from ecr_secrets.errors import ConfigurationError
from ecr_secrets.kube.in_cluster import SERVICE_ACCOUNT, find_in_cluster
from ecr_secrets.kube.kubeconfig import select_context
from ecr_secrets.kube.kubeconfig_user import sign_in
from ecr_secrets.kube.tls import ReloadingTls, TlsMaterial
from ecr_secrets.kube.token import TokenFile

Clock: TypeAlias = Callable[[], datetime]


class CredentialSource(Protocol):
    """Whatever proves to the API server who we are."""

    async def headers(self) -> Mapping[str, str]:
        """Return the headers to send, as they are now.

        Raises:
            UnauthorizedError: there is nothing to show at the moment.
        """
        ...

    def invalidate(self) -> None:
        """Take note that the API server did not accept the last headers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAccess:
    """Everything needed to send a request to one cluster."""

    server: str  # URL
    # A function is asked before every request, and answers with a new context when certificates
    # have changed. None: plain HTTP, for tests on loopback.
    ssl: SSLContext | Callable[[], SSLContext] | None
    credentials: CredentialSource = field(repr=False)
    proxy: str | None = field(default=None, repr=False)  # URL, may hold a password; None: direct
    tls_server_name: str | None = None  # name in the server's certificate; None: the host's
    namespace: str | None = None  # of the context, or of the pod we run in; None: not said

    def tls(self) -> SSLContext | None:
        """Return the TLS settings for a request sent now."""
        return self.ssl() if callable(self.ssl) else self.ssl


def _utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - only for the expiry of exec plugins' credentials


async def load_access(
    *,
    kubeconfig: str | None,
    context: str | None,
    environ: Mapping[str, str],
    clock: Clock = _utc_now,
) -> ClusterAccess:
    """Find the cluster: `kubeconfig`, `$KUBECONFIG`, the pod we run in, `~/.kube/config`.

    The first of these that is there decides; a context asked for by name rules the pod out.
    Of proxies only the kubeconfig's `proxy-url` counts, never the environment's.

    Args:
        kubeconfig: a path, or several as in `$KUBECONFIG`; None: not said.
        context: its name in the kubeconfig; None: the kubeconfig's own choice.
        environ: the process's environment.
        clock: for the expiry of what exec plugins return.

    Raises:
        ConfigurationError: names the file and field that cannot be used.
    """
    return await asyncio.to_thread(_load, kubeconfig, context, environ, clock)


def _load(
    kubeconfig: str | None, context: str | None, environ: Mapping[str, str], clock: Clock
) -> ClusterAccess:
    if listed := kubeconfig or environ.get("KUBECONFIG"):
        paths = [Path(path) for path in listed.split(os.pathsep) if path]
        return _kubeconfig_access(paths, context, environ, clock)
    if context is None and (access := in_cluster_access(environ)) is not None:
        return access
    home = environ.get("HOME")
    default = (Path(home) if home else Path.home()) / ".kube" / "config"
    if not default.exists():
        raise ConfigurationError(
            "no cluster: neither a kubeconfig nor KUBECONFIG is given, this is not a pod with a "
            f"service account, and there is no {default}"
        )
    return _kubeconfig_access([default], context, environ, clock)


def in_cluster_access(
    environ: Mapping[str, str], mount: Path = SERVICE_ACCOUNT
) -> ClusterAccess | None:
    """Enter the cluster as the service account of our pod; None: this is no such pod.

    Raises:
        ConfigurationError: the pod's CA file cannot be used.
    """
    found = find_in_cluster(environ, mount)
    if found is None:
        return None
    return ClusterAccess(
        server=found.server,
        ssl=ReloadingTls(TlsMaterial(ca=found.ca_file)),
        credentials=TokenFile(found.token_file),
        namespace=found.namespace,
    )


def _kubeconfig_access(
    paths: Sequence[Path], context: str | None, environ: Mapping[str, str], clock: Clock
) -> ClusterAccess:
    selected = select_context(paths, context)
    cluster, at = selected.cluster, selected.cluster_field
    _check_url(cluster.server, f"{at}.server")
    if cluster.proxy_url:  # aiohttp speaks to no SOCKS proxy
        _check_url(cluster.proxy_url, f"{at}.proxy-url")
    credentials, tls = sign_in(selected, environ=environ, clock=clock)
    return ClusterAccess(
        server=cluster.server,
        ssl=tls if cluster.server.startswith("https:") else None,
        credentials=credentials,
        proxy=cluster.proxy_url or None,
        tls_server_name=cluster.tls_server_name or None,
        namespace=selected.namespace,
    )


def _check_url(url: str, field_name: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:  # not shown: a proxy's URL may hold a password
        raise ConfigurationError(f"{field_name}: expected an http:// or https:// URL")
