"""Which credentials a change in the cluster concerns."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress

from ecr_secrets.controller.secret_view import SecretView
from ecr_secrets.controller.world import Listeners, Namespace
from ecr_secrets.core.access_secret import AccessSecret
from ecr_secrets.core.credential import Credential, CredentialObject, parse_credential
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.scope import Scope
from ecr_secrets.errors import InvalidSpecError


class Triggers:
    """Turns watch events into names of credentials to look at.

    State is touched only between awaits of one event loop.
    """

    def __init__(
        self,
        wake: Callable[[str], None],
        *,
        changed: Callable[[], None] = lambda: None,
        scope: Scope | None = None,
    ) -> None:
        """Start with no credential known.

        Args:
            wake: is called with the name of each credential that should be looked at.
            changed: is told that credentials have come, changed or gone.
            scope: the namespaces we work in; None: all.
        """
        self._wake = wake
        self._changed = changed
        self._scope = scope or Scope()
        self._credentials: dict[str, Credential] = {}  # those whose spec can be understood
        self._by_secret: defaultdict[str, dict[str, Credential]] = defaultdict(dict)  # its name
        self._first: defaultdict[str, set[ObjectKey]] = defaultdict(set)
        self.view: SecretView | None = None  # None: not wired yet, so nothing is our own write

    def listeners(self) -> Listeners:
        """Return the functions that informers call."""
        return Listeners(
            credential=self._credential_changed,
            namespace=self._namespace_changed,
            pull_secret=self._pull_secret_changed,
            access_secret=self._access_secret_changed,
            seen=self._wake,
        )

    def credentials(self) -> list[Credential]:
        """List the credentials whose spec can be understood."""
        return list(self._credentials.values())

    def managed(self, target: ObjectKey) -> Credential | None:
        """Find the credential that keeps a target; None: none does.

        Of several that ask for it, the one that owns what is there, else the first by name.
        """
        if not self._scope.includes(target.namespace):
            return None
        claims = [
            name
            for name, credential in self._by_secret.get(target.name, {}).items()
            if target.namespace in credential.namespaces
        ]
        found = self.view.find(target) if self.view and len(claims) > 1 else None
        owner = found.owner_name if found else None
        name = owner if owner in claims else min(claims, default="")
        return self._credentials.get(name)

    def take_first(self, name: str) -> frozenset[ObjectKey]:
        """Hand over the targets of a credential that changed since the last time."""
        return frozenset(self._first.pop(name, ()))

    def _credential_changed(
        self, key: ObjectKey, before: CredentialObject | None, after: CredentialObject | None
    ) -> None:
        self._drop(key.name)
        if after is None:
            self._first.pop(key.name, None)
        else:
            with suppress(InvalidSpecError):  # its reconcile says so
                self._keep(parse_credential(after))
        if before is None or after is None or _differs(before, after):
            self._wake(key.name)
            self._changed()

    def _keep(self, credential: Credential) -> None:
        self._credentials[credential.name] = credential
        self._by_secret[credential.secret_name][credential.name] = credential

    def _drop(self, name: str) -> None:
        credential = self._credentials.pop(name, None)
        if credential:
            named = self._by_secret[credential.secret_name]
            del named[name]
            if not named:
                del self._by_secret[credential.secret_name]

    def _namespace_changed(
        self, key: ObjectKey, before: Namespace | None, after: Namespace | None
    ) -> None:
        if before and after and before.open == after.open:
            return
        for credential in self._credentials.values():
            if key.name in credential.namespaces:
                self._urge(credential, credential.target(key.name))

    def _pull_secret_changed(
        self, key: ObjectKey, before: PullSecret | None, after: PullSecret | None
    ) -> None:
        if after and self.view and self.view.is_our_write(after):
            return
        owners = {secret.owner_uid for secret in (before, after) if secret}
        for credential in self._credentials.values():
            on_target = key == credential.target(key.namespace)
            if on_target and key.namespace in credential.namespaces:
                self._urge(credential, key)
            elif credential.uid in owners:
                self._wake(credential.name)

    def _access_secret_changed(
        self, key: ObjectKey, before: AccessSecret | None, after: AccessSecret | None
    ) -> None:
        if before and after and before.data == after.data:
            return
        for credential in self._using(key):
            self._wake(credential.name)

    def _using(self, key: ObjectKey) -> Iterable[Credential]:
        return (found for found in self._credentials.values() if found.access.secret == key)

    def _urge(self, credential: Credential, target: ObjectKey) -> None:
        self._first[credential.name].add(target)
        self._wake(credential.name)


def _differs(before: CredentialObject, after: CredentialObject) -> bool:
    """Tell whether more than the status changed: that is written by ourselves."""
    old, new = before.metadata, after.metadata
    return (old.uid, old.generation, old.deletion_timestamp) != (
        new.uid,
        new.generation,
        new.deletion_timestamp,
    )
