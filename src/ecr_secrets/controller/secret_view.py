"""Pull secrets as they are, our own writes included before the watch has told of them.

Without this, the next look at the world would find a Secret missing that was created a moment
ago, and while a watch is broken it would write the same again and again.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from ecr_secrets.core.credential import Credential
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret


class Watched(Protocol):
    """What the watches show of pull secrets, by their name."""

    def store(self, key: str) -> Mapping[ObjectKey, PullSecret]:
        """Show what is known under a name."""

    def find(self, key: ObjectKey) -> PullSecret | None:
        """Find what is known of one Secret; None: nothing."""

    def position(self, key: str) -> str:
        """Tell up to which resource version that is complete; "": not at all yet."""


class SecretView:
    """The store of pull secrets, with answers of the API server that are newer laid over it.

    State is touched only between awaits of one event loop.
    """

    def __init__(self, pool: Watched) -> None:
        """Look through the informers of a pool, one per name of pull secrets."""
        self._pool = pool
        self._written: dict[ObjectKey, PullSecret] = {}

    def note(self, secret: PullSecret) -> None:
        """Take over what the API server answered to a write."""
        self._written[secret.key] = secret

    def trim(self) -> None:
        """Drop the answers under names that nobody follows any more."""
        for key in [key for key in self._written if not self._pool.position(key.name)]:
            del self._written[key]

    def is_our_write(self, secret: PullSecret) -> bool:
        """Tell whether a watch event only shows what we wrote ourselves."""
        written = self._written.get(secret.key)
        return written is not None and written.resource_version == secret.resource_version

    def is_overtaken(self, key: ObjectKey, found: PullSecret | None) -> bool:
        """Tell whether a Secret has been written anew since it was found so; None: absent."""
        newest = self.find(key)
        return newest is not None and (
            found is None or newest.resource_version != found.resource_version
        )

    def find(self, key: ObjectKey) -> PullSecret | None:
        """Find what stands at one place; None: nothing."""
        if key in self._written:
            self._settle([key])
        return self._written.get(key) or self._pool.find(key)

    def of(self, credential: Credential, names: Iterable[str]) -> dict[ObjectKey, PullSecret]:
        """Find the Secrets that concern a credential: on its targets, or owned by it."""
        found: dict[ObjectKey, PullSecret] = {}
        for name in names:
            self._settle([key for key in self._written if key.name == name])
            for key, secret in self._pool.store(name).items():
                newest = self._written.get(key, secret)
                if _concerns(newest, credential):
                    found[key] = newest
            for key, secret in self._written.items():
                if key.name == name and key not in found and _concerns(secret, credential):
                    found[key] = secret
        return found

    def _settle(self, keys: Collection[ObjectKey]) -> None:
        """Drop the answers that the watch has caught up with."""
        names = {key.name for key in keys}
        positions = {name: _number(self._pool.position(name)) for name in names}
        for key in keys:
            seen = self._pool.find(key)
            shown = max(positions[key.name], _number(seen.resource_version) if seen else 0)
            if shown >= _number(self._written[key].resource_version):
                del self._written[key]


def _concerns(secret: PullSecret, credential: Credential) -> bool:
    on_target = secret.key == credential.target(secret.key.namespace)
    return secret.owner_uid == credential.uid or (
        on_target and secret.key.namespace in credential.namespaces
    )


def _number(version: str) -> int:
    """Make resource versions comparable; Kubernetes defines them as growing numbers (KEP-5504)."""
    return int(version) if version.isdecimal() else 0
