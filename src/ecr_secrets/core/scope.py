"""Which namespaces the operator works in."""

import re
from dataclasses import dataclass

from ecr_secrets.errors import ConfigurationError

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123, as namespaces are named


@dataclass(frozen=True, slots=True)
class Scope:
    """The namespaces whose Secrets the operator has rights on."""

    namespaces: frozenset[str] = frozenset()  # empty: all

    def includes(self, namespace: str) -> bool:
        """Tell whether pull secrets are kept there."""
        return not self.namespaces or namespace in self.namespaces

    @property
    def places(self) -> tuple[str, ...]:
        """Where to look for Secrets, in requests' terms: "" is all namespaces at once."""
        return tuple(sorted(self.namespaces)) or ("",)


def parse_scope(text: str | None) -> Scope:
    """Read a list of namespaces, separated by commas; None: all.

    Raises:
        ConfigurationError: something in it is no name of a namespace.
    """
    names = [name.strip() for name in text.split(",")] if text else []
    for name in names:
        if not _LABEL.fullmatch(name):
            raise ConfigurationError(f"--namespaces: {name!r} is no name of a namespace")
    return Scope(frozenset(names))
