"""The parts of a kubeconfig that we read, as they stand in the file.

Most of them may hold a secret, so none shows its content when printed.
"""

from typing import Any

import msgspec


def _field(name: str) -> Any:
    """Name a field that is written in camel case among others written in kebab case."""
    return msgspec.field(name=name, default="")


class Cluster(msgspec.Struct, frozen=True, rename="kebab", kw_only=True):
    """Where a cluster is, and how to know it."""

    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""  # base64
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""
    extensions: list[dict[str, Any]] | None = None


class ExecVariable(msgspec.Struct, frozen=True):
    """One environment variable for the plugin."""

    name: str
    value: str

    def __repr__(self) -> str:
        return f"ExecVariable({self.name})"


class Exec(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A command that prints credentials."""

    command: str
    api_version: str
    args: list[str] | None = None
    env: list[ExecVariable] | None = None
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = ""

    def __repr__(self) -> str:
        return f"Exec({self.command})"  # arguments may hold a secret


class User(msgspec.Struct, frozen=True, rename="kebab", kw_only=True):
    """Who to be there."""

    client_certificate: str = ""
    client_certificate_data: str = ""  # base64
    client_key: str = ""
    client_key_data: str = ""  # base64
    token: str = ""
    token_file: str = _field("tokenFile")
    username: str = ""
    password: str = ""
    impersonate: str = _field("as")
    exec: Exec | None = None
    auth_provider: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return "User(...)"  # every field may hold a secret


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """A user at a cluster, with a namespace to begin in."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class NamedCluster(msgspec.Struct, frozen=True):
    """An entry of `clusters`."""

    name: str
    cluster: Cluster


class NamedUser(msgspec.Struct, frozen=True):
    """An entry of `users`."""

    name: str
    user: User


class NamedContext(msgspec.Struct, frozen=True):
    """An entry of `contexts`."""

    name: str
    context: Context


class KubeconfigFile(msgspec.Struct, frozen=True, rename="kebab", kw_only=True):
    """A whole file."""

    current_context: str | None = None
    clusters: list[NamedCluster] | None = None
    users: list[NamedUser] | None = None
    contexts: list[NamedContext] | None = None
