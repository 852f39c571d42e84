"""Keeps the record of certificate authorities in a Secret of the operator's own namespace.

By its name and namespace the Secret is ours, whatever it holds. Every write names the state it was
decided for, so of two replicas one is refused and looks again.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import msgspec

from ecr_secrets.core.content import MANAGED_BY, MANAGED_BY_LABEL
from ecr_secrets.core.objects import Manifest, ObjectKey, ObjectMeta
from ecr_secrets.errors import NotFoundError, RejectedError
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.informer import Informer
from ecr_secrets.kube.resource import SECRETS
from ecr_secrets.kube.selection import Selection
from ecr_secrets.webhook.ca_record import CaRecord, Entry, encode_record, parse_record

SECRET_NAME = "kube-ecr-secrets-operator-webhook"  # noqa: S105 - the name of an object
DATA_KEY = "authorities.json"
SECRET_TYPE = "Opaque"  # noqa: S105 - fixed by Kubernetes
_FIELD_MANAGER = MANAGED_BY
# An apply with a resource version that no live object can have creates an absent object and is
# refused (409) where one exists: creation that cannot overwrite.
_ABSENT = {"resourceVersion": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRecord:
    """The Secret as it was found."""

    uid: str
    resource_version: str
    writable: bool  # False: immutable, or of a type that cannot be changed into ours
    record: CaRecord


class _Secret(msgspec.Struct, frozen=True, kw_only=True):
    metadata: ObjectMeta
    type: str = SECRET_TYPE
    immutable: bool | None = None
    data: dict[str, str] | None = None


class CaSecret:
    """Follows, reads and writes the record."""

    def __init__(self, client: Client, key: ObjectKey, on_change: Callable[[], None]) -> None:
        """Prepare; nothing is followed before `run`.

        Args:
            client: how to reach the API server.
            key: where the Secret is.
            on_change: is told that it may have changed.
        """
        self._client = client
        self._key = key
        self._uid = ""  # of the Secret as it was read or written last
        self._informer = Informer(
            client,
            Selection(
                resource=SECRETS,
                namespace=key.namespace,
                field_selector=f"metadata.name={key.name}",
            ),
            decode=_decode_without_keys,
            on_change=lambda _key, _before, _after: on_change(),
        )

    async def run(self) -> None:
        """Follow the record until cancelled."""
        await self._informer.run()

    def seen(self) -> FoundRecord | None:
        """Return the record as the watch shows it, without keys; None: none is known."""
        return self._informer.store.get(self._key)

    @property
    def about(self) -> ObjectMeta:
        """What to record Events on."""
        return ObjectMeta(name=self._key.name, namespace=self._key.namespace, uid=self._uid)

    async def read(self) -> FoundRecord | None:
        """Return the record as the cluster has it now, keys included; None: there is none.

        Raises:
            OperatorError: the API server did not say.
        """
        try:
            found = parse_secret(await self._client.get(SECRETS, self._key, into=msgspec.Raw))
        except NotFoundError:
            return None
        except msgspec.DecodeError:
            raise RejectedError(f"secrets {self._key}: the answer is not a Secret") from None
        self._uid = found.uid
        return found

    async def write(self, found: FoundRecord | None, entries: Iterable[Entry]) -> None:
        """Replace the record, if it still is as it was found; one that cannot be is removed.

        Raises:
            OperatorError: the API server did not take it.
        """
        if found and not found.writable:
            await self._client.delete(
                SECRETS, self._key, uid=found.uid, resource_version=found.resource_version
            )
            found = None
        guard = _ABSENT
        if found:
            guard = {"uid": found.uid, "resourceVersion": found.resource_version}
        written = await self._client.apply(
            SECRETS,
            self._key,
            self._manifest(encode_record(entries), guard),
            field_manager=_FIELD_MANAGER,
            force=found is not None,
            into=_Secret,
        )
        self._uid = written.metadata.uid

    def _manifest(self, content: bytes, guard: dict[str, str]) -> Manifest:
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": self._key.name,
                "namespace": self._key.namespace,
                "labels": {MANAGED_BY_LABEL: MANAGED_BY},
                **guard,
            },
            "type": SECRET_TYPE,
            "data": {DATA_KEY: b64encode(content).decode()},
        }


def parse_secret(manifest: bytes | msgspec.Raw) -> FoundRecord:
    """Read the Secret, whatever it holds.

    Raises:
        msgspec.DecodeError: it is not a Secret.
    """
    secret = msgspec.json.decode(manifest, type=_Secret)
    try:
        content = b64decode((secret.data or {})[DATA_KEY], validate=True)
    except (LookupError, ValueError):
        content = None
    return FoundRecord(
        uid=secret.metadata.uid,
        resource_version=secret.metadata.resource_version,
        writable=secret.type == SECRET_TYPE and not secret.immutable,
        record=parse_record(content),
    )


def _decode_without_keys(raw: msgspec.Raw) -> FoundRecord:
    found = parse_secret(raw)
    return replace(found, record=found.record.without_keys())
