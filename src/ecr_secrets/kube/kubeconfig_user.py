"""How the user of a kubeconfig proves who they are."""

import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from ecr_secrets.errors import ConfigurationError, UnauthorizedError
from ecr_secrets.kube.exec_credential import API_VERSIONS, ClusterInfo, config_of
from ecr_secrets.kube.exec_plugin import ExecPlugin
from ecr_secrets.kube.exec_process import PluginCommand
from ecr_secrets.kube.kubeconfig import SelectedContext
from ecr_secrets.kube.kubeconfig_entries import Exec, User
from ecr_secrets.kube.tls import ReloadingTls, TlsMaterial
from ecr_secrets.kube.token import FixedHeaders, TokenFile, bearer

Tls: TypeAlias = Callable[[], ssl.SSLContext]
_INTERACTIVE_MODES = ("Never", "IfAvailable", "Always")


def sign_in(
    selected: SelectedContext, *, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> tuple[FixedHeaders | TokenFile | ExecPlugin, Tls]:
    """Make the credential source, and the TLS settings that belong to it.

    Raises:
        ConfigurationError: names the field that cannot be used.
    """
    user, at = selected.user, selected.user_field
    material = selected.tls()
    tls = ReloadingTls(material)
    if user.impersonate:
        raise ConfigurationError(f"{at}.as: impersonation is not supported")
    if (user.token or user.token_file) and user.username:
        raise ConfigurationError(f"{at}: a token and a username exclude each other")
    if user.token_file:
        return TokenFile(Path(user.token_file)), tls
    if user.token or user.username:
        return FixedHeaders(_fixed(user, at)), tls
    if user.exec is not None:
        command = _command(user.exec, selected, material, environ)
        plugin = ExecPlugin(command, tls=material, context=tls, clock=clock)
        return plugin, plugin.context
    if user.auth_provider is not None:
        raise ConfigurationError(
            f"{at}.auth-provider: no longer part of Kubernetes since 1.26, use an exec plugin"
        )
    return FixedHeaders(), tls


def _fixed(user: User, at: str) -> Mapping[str, str]:
    if user.token:
        try:
            return bearer(user.token, source=f"{at}.token")
        except UnauthorizedError as error:
            raise ConfigurationError(str(error)) from None
    pair = b64encode(f"{user.username}:{user.password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def _command(
    plugin: Exec, selected: SelectedContext, material: TlsMaterial, environ: Mapping[str, str]
) -> PluginCommand:
    at = f"{selected.user_field}.exec"
    if plugin.api_version not in API_VERSIONS:
        raise ConfigurationError(f"{at}.apiVersion: expected {' or '.join(API_VERSIONS)}")
    if not plugin.command:
        raise ConfigurationError(f"{at}.command: must be set")
    mode = plugin.interactive_mode or "IfAvailable"
    if mode not in _INTERACTIVE_MODES:
        raise ConfigurationError(f"{at}.interactiveMode: expected {', '.join(_INTERACTIVE_MODES)}")
    return PluginCommand(
        api_version=plugin.api_version,
        command=plugin.command,
        arguments=tuple(plugin.args or ()),
        environ={**environ, **{entry.name: entry.value for entry in plugin.env or ()}},
        interactive_mode=mode,
        install_hint=plugin.install_hint,
        cluster=_told(selected, material) if plugin.provide_cluster_info else None,
    )


def _told(selected: SelectedContext, material: TlsMaterial) -> ClusterInfo:
    cluster = selected.cluster
    return ClusterInfo(
        server=cluster.server,
        tls_server_name=cluster.tls_server_name,
        insecure=cluster.insecure_skip_tls_verify,
        ca=material.ca.read_bytes() if isinstance(material.ca, Path) else material.ca,
        proxy=cluster.proxy_url,
        config=config_of(cluster.extensions),
    )
