"""What the cluster shows: everything a reconcile observes, kept current by informers."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from ecr_secrets.controller.informer_pool import InformerPool, trouble, wait_synced
from ecr_secrets.controller.secret_places import SecretPlaces
from ecr_secrets.controller.secret_view import SecretView
from ecr_secrets.controller.status_writer import CREDENTIALS
from ecr_secrets.core.access_secret import AccessSecret, parse_access_secret
from ecr_secrets.core.credential import Credential, CredentialObject, read_credential
from ecr_secrets.core.objects import ObjectKey, ObjectMeta
from ecr_secrets.core.plan import Observed
from ecr_secrets.core.pull_secret import PullSecret, parse_pull_secret
from ecr_secrets.core.scope import Scope
from ecr_secrets.errors import OperatorError
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.informer import Informer
from ecr_secrets.kube.resource import NAMESPACES, SECRETS
from ecr_secrets.kube.selection import Selection


@dataclass(frozen=True, slots=True)
class Namespace:
    """What has to be known of a namespace; its name is its key."""

    open: bool  # something can still be created in it


# Shared by all: with thousands of namespaces, what is kept of each counts.
_EVERYWHERE = Scope()
_OPEN, _CLOSING = Namespace(open=True), Namespace(open=False)


class _NamespaceObject(msgspec.Struct):
    metadata: ObjectMeta


def parse_namespace(manifest: bytes | msgspec.Raw) -> Namespace:
    """Read a namespace, of which the metadata says all we need.

    Raises:
        msgspec.DecodeError: it is none.
    """
    metadata = msgspec.json.decode(manifest, type=_NamespaceObject).metadata
    return _OPEN if metadata.deletion_timestamp is None else _CLOSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """Who is told of changes: the key, the object before and after (None: absent)."""

    credential: Callable[[ObjectKey, CredentialObject | None, CredentialObject | None], None]
    namespace: Callable[[ObjectKey, Namespace | None, Namespace | None], None]
    pull_secret: Callable[[ObjectKey, PullSecret | None, PullSecret | None], None]
    access_secret: Callable[[ObjectKey, AccessSecret | None, AccessSecret | None], None]
    seen: Callable[[str], None]  # a credential: what it waited for in vain can be seen now


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What of the cluster is looked at."""

    scope: Scope = _EVERYWHERE  # where pull secrets are
    credential_selector: str | None = None  # labels of credentials; None: whatever their labels
    sync_timeout: timedelta  # how long the first look at something is waited for


class World:
    """All informers of the controller.

    Pull secrets are followed by name; AWS accesses one by one. No Secret of another name is ever
    listed.
    """

    def __init__(self, client: Client, listeners: Listeners, view: View) -> None:
        """Prepare the informers; nothing is followed before `run`.

        Args:
            client: how to reach the API server.
            listeners: who is told of changes.
            view: what is looked at.
        """
        self._sync_timeout = view.sync_timeout
        self._scope = view.scope
        self._credentials = Informer(
            client,
            Selection(resource=CREDENTIALS, label_selector=view.credential_selector),
            decode=read_credential,
            on_change=listeners.credential,
        )
        self._namespaces = Informer(
            client,
            Selection(resource=NAMESPACES, metadata_only=True),
            decode=parse_namespace,
            on_change=listeners.namespace,
        )

        def pull_secrets(key: ObjectKey) -> Informer[PullSecret]:
            selector = f"metadata.name={key.name}"
            return Informer(
                client,
                Selection(resource=SECRETS, namespace=key.namespace, field_selector=selector),
                decode=parse_pull_secret,
                on_change=listeners.pull_secret,
            )

        def access_secret(key: ObjectKey) -> Informer[AccessSecret]:
            selector = f"metadata.name={key.name}"
            return Informer(
                client,
                Selection(resource=SECRETS, namespace=key.namespace, field_selector=selector),
                decode=parse_access_secret,
                on_change=listeners.access_secret,
            )

        self._pull_secrets = InformerPool(
            pull_secrets, what="pull secrets named", look_again=listeners.seen
        )
        self._access_secrets = InformerPool(
            access_secret, what="AWS access", look_again=listeners.seen
        )
        self._secret_places = SecretPlaces(self._pull_secrets, view.scope.places)
        self.secrets = SecretView(self._secret_places)

    async def run(self) -> None:
        """Follow the cluster until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._pull_secrets.start(group)
            self._access_secrets.start(group)
            group.create_task(self._credentials.run(), name="watch credentials")
            group.create_task(self._namespaces.run(), name="watch namespaces")

    @property
    def synced(self) -> bool:
        """Whether all credentials and namespaces have been seen once."""
        return self._credentials.synced and self._namespaces.synced

    async def wait_synced(self) -> None:
        """Wait until all credentials and namespaces have been seen once."""
        await self._credentials.wait_synced()
        await self._namespaces.wait_synced()

    async def wait_pull_secrets(self, credentials: Iterable[Credential]) -> None:
        """Have the pull secrets of credentials watched, and wait for the first look at them.

        It is not left to the looks at the credentials: those wait for workers, and for AWS. What
        may not be listed is not waited for, nor what takes longer than a look would wait.
        """
        places = set[ObjectKey]()
        for credential in credentials:
            keys = self._secret_places.keys(credential.secret_name)
            self._pull_secrets.hold_also(credential.name, keys)
            places.update(keys)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._sync_timeout.total_seconds()):
                await self._pull_secrets.wait_answered(places)

    def names(self) -> list[str]:
        """List the names of all credentials."""
        return [key.name for key in self._credentials.store]

    def credential(self, name: str) -> CredentialObject | None:
        """Find a credential as it is now; None: it is gone."""
        return self._credentials.store.get(ObjectKey("", name))

    async def attend(self, credential: Credential, names: frozenset[str]) -> None:
        """Have watched what a credential needs, and wait for the first look at it.

        Args:
            credential: whose needs to see to.
            names: under which names its pull secrets may stand.

        Raises:
            OperatorError: something could not be seen in time.
        """
        access = credential.access.secret
        places = [key for name in names for key in self._secret_places.keys(name)]
        self._pull_secrets.hold(credential.name, places)
        self._access_secrets.hold(credential.name, [access] if access else [])
        await wait_synced(self._namespaces, "namespaces", self._sync_timeout)
        for place in places:
            await self._pull_secrets.wait_synced(place, self._sync_timeout)
        if access:
            await self._access_secrets.wait_synced(access, self._sync_timeout)

    def release(self, name: str) -> None:
        """Forget a credential that is gone or asks for nothing."""
        self._pull_secrets.release(name)
        self._access_secrets.release(name)
        self.secrets.trim()

    def observe(self, credential: Credential, names: frozenset[str]) -> Observed:
        """Show what concerns a credential, as it is now."""
        secrets, asked = self.secrets.of(credential, names), credential.namespaces
        concerned = asked.union(key.namespace for key in secrets)
        return Observed(
            namespaces=frozenset(filter(self._is_open, concerned)),
            secrets=secrets,
            outside=sorted(each for each in asked if not self._scope.includes(each)),
        )

    def _is_open(self, namespace: str) -> bool:
        found = self._namespaces.store.get(ObjectKey("", namespace))
        return found is not None and found.open

    def trouble(self, credential: Credential) -> OperatorError | None:
        """Return what keeps us from seeing what concerns a credential; None: nothing does.

        What was seen before still shows, so this is easily overlooked.
        """
        return (
            trouble(self._credentials)
            or trouble(self._namespaces)
            or self._pull_secrets.trouble(credential.name)
            or self._access_secrets.trouble(credential.name)
        )

    def access(self, credential: Credential) -> AccessSecret | None:
        """Find the AWS access a credential names; None: it does not exist, or none is named."""
        key = credential.access.secret
        return self._access_secrets.store(key).get(key) if key else None
