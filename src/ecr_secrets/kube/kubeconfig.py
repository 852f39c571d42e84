"""Which cluster and user a list of kubeconfig files means, by kubectl's rules.

Of entries with one name the first wins, whole; the current context is the first that is set.
"""

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ecr_secrets.errors import ConfigurationError
from ecr_secrets.kube.kubeconfig_entries import Cluster, Context, KubeconfigFile, User
from ecr_secrets.kube.kubeconfig_file import read_kubeconfig_file
from ecr_secrets.kube.tls import Pem, TlsMaterial

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedContext:
    """A cluster and the user to be there."""

    cluster: Cluster
    user: User
    namespace: str | None  # None: the context names none
    cluster_field: str  # where they stand, for errors: files and entry
    user_field: str

    def tls(self) -> TlsMaterial:
        """Gather what the connection's TLS is made from.

        Raises:
            ConfigurationError: names the field that contradicts another, or is not base64.
        """
        cluster, user = self.cluster, self.user
        at = self.cluster_field
        ca = _pem(
            cluster.certificate_authority_data,
            cluster.certificate_authority,
            field=f"{at}.certificate-authority-data",
        )
        if cluster.insecure_skip_tls_verify and ca is not None:
            raise ConfigurationError(f"{at}: insecure-skip-tls-verify contradicts a given CA")
        at = self.user_field
        certificate = _pem(
            user.client_certificate_data,
            user.client_certificate,
            field=f"{at}.client-certificate-data",
        )
        key = _pem(user.client_key_data, user.client_key, field=f"{at}.client-key-data")
        if (certificate is None) != (key is None):
            raise ConfigurationError(f"{at}: client-certificate and client-key belong together")
        return TlsMaterial(
            ca=ca, certificate=certificate, key=key, insecure=cluster.insecure_skip_tls_verify
        )


def _pem(data: str, path: str, *, field: str) -> Pem | None:
    if data:
        try:
            return b64decode(data, validate=True)
        except ValueError:
            raise ConfigurationError(f"{field}: not base64") from None
    return Path(path) if path else None


def select_context(paths: Sequence[Path], context: str | None = None) -> SelectedContext:
    """Read the files, and find the context with its cluster and user.

    Files of a list that do not exist are passed over, as long as one does.

    Args:
        context: its name; None: the current one.

    Raises:
        ConfigurationError: names the file and field that cannot be used.
    """
    present = [path for path in paths if path.exists()]
    where = ", ".join(str(path) for path in paths)
    if not present:
        raise ConfigurationError(f"{where or 'kubeconfig'}: no such file")
    files = [read_kubeconfig_file(path) for path in present]
    contexts = _first_by_name((e.name, e.context) for f in files for e in f.contexts or ())
    name = context or _current(files)
    if not name:
        known = ", ".join(sorted(contexts)) or "none"
        raise ConfigurationError(f"{where}: current-context is not set; contexts: {known}")
    chosen = _find(contexts, name, f"{where}: contexts")
    return _resolve(chosen, files, where=where, at=f"{where}: contexts[{name}]")


def _resolve(
    chosen: Context, files: Sequence[KubeconfigFile], *, where: str, at: str
) -> SelectedContext:
    clusters = _first_by_name((e.name, e.cluster) for f in files for e in f.clusters or ())
    users = _first_by_name((e.name, e.user) for f in files for e in f.users or ())
    cluster = _find(clusters, chosen.cluster, f"{at}.cluster")
    # A context without a user is anonymous, or the certificate-less part of a proxy's set-up.
    user = _find(users, chosen.user, f"{at}.user") if chosen.user else User()
    return SelectedContext(
        cluster=cluster,
        user=user,
        namespace=chosen.namespace or None,
        cluster_field=f"{where}: clusters[{chosen.cluster}]",
        user_field=f"{where}: users[{chosen.user}]",
    )


def _current(files: Iterable[KubeconfigFile]) -> str | None:
    return next((file.current_context for file in files if file.current_context), None)


def _first_by_name(entries: Iterable[tuple[str, T]]) -> Mapping[str, T]:
    found: dict[str, T] = {}
    for name, entry in entries:
        found.setdefault(name, entry)
    return found


def _find(entries: Mapping[str, T], name: str, field: str) -> T:
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise ConfigurationError(f"{field}: {name or '(empty)'} is not defined; there is: {known}")
    return entries[name]
