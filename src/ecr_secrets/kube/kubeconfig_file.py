"""One kubeconfig file, as it is written, with its relative paths resolved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from ecr_secrets.errors import ConfigurationError
from ecr_secrets.kube.kubeconfig_entries import Cluster, KubeconfigFile, User

_MAX_BYTES = 1 << 20  # far above the size of any real kubeconfig


def read_kubeconfig_file(path: Path) -> KubeconfigFile:
    """Read one file.

    Raises:
        ConfigurationError: names the file, and the field or line that is wrong. Never shows
            content: any line may hold a secret.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise ConfigurationError(f"{path}: larger than {_MAX_BYTES} bytes")
    try:
        file_content = msgspec.convert(_parse_yaml(content, path) or {}, KubeconfigFile)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    return _anchored(file_content, path.absolute().parent)


def _parse_yaml(content: bytes, path: Path) -> Any:
    import yaml  # noqa: PLC0415 - 1 MB of memory that is not needed in a pod

    class Loader(yaml.SafeLoader):
        """Leaves dates alone: a name such as 2026-01-01 is a text, as it is for kubectl."""

    Loader.yaml_implicit_resolvers = {
        first: [
            (tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    try:
        return yaml.load(content, Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{path}: line {line}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not YAML: {type(error).__name__}") from None


def _anchored(file: KubeconfigFile, folder: Path) -> KubeconfigFile:
    """Resolve paths against the folder of the file they stand in, as kubectl does."""

    def resolve(path: str) -> str:
        return str(folder / path) if path else ""

    replace = msgspec.structs.replace
    return replace(
        file,
        clusters=[
            replace(entry, cluster=_anchored_cluster(entry.cluster, resolve))
            for entry in file.clusters or ()
        ],
        users=[
            replace(entry, user=_anchored_user(entry.user, resolve)) for entry in file.users or ()
        ],
    )


def _anchored_cluster(cluster: Cluster, resolve: Callable[[str], str]) -> Cluster:
    return msgspec.structs.replace(
        cluster, certificate_authority=resolve(cluster.certificate_authority)
    )


def _anchored_user(user: User, resolve: Callable[[str], str]) -> User:
    plugin = user.exec
    if plugin is not None and "/" in plugin.command:  # a bare name is looked up in PATH
        plugin = msgspec.structs.replace(plugin, command=resolve(plugin.command))
    return msgspec.structs.replace(
        user,
        client_certificate=resolve(user.client_certificate),
        client_key=resolve(user.client_key),
        token_file=resolve(user.token_file),
        exec=plugin,
    )
