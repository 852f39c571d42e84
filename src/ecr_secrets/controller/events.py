"""Records Kubernetes Events on credentials, without repeating itself and without flooding.

Best effort by nature: a lost Event changes nothing, so recording never holds up a reconcile.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import uuid4

import msgspec

from ecr_secrets.controller.allowance import Allowance
from ecr_secrets.core.objects import Manifest, ObjectKey, ObjectMeta
from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.core.spec import API_VERSION, KIND
from ecr_secrets.core.times import format_time
from ecr_secrets.errors import NotFoundError, OperatorError
from ecr_secrets.kube.resource import EVENTS, Resource
from ecr_secrets.metrics import events_dropped_total

log = logging.getLogger(__name__)

COMPONENT = "kube-ecr-secrets-operator"
# Events about cluster-scoped objects live here: fixed by the API server's validation.
NAMESPACE = "default"
_QUEUED = 1000
_REMEMBERED = 500  # Events whose repetition is counted instead of recorded anew
# client-go's spam filter: 25 Events at once per object, then one every five minutes.
_BURST = 25.0
_PER_SECOND = 1 / 300


class WritesEvents(Protocol):
    """The part of the client that writes Events."""

    async def create(
        self, resource: Resource, manifest: Manifest, *, namespace: str, into: type[msgspec.Raw]
    ) -> msgspec.Raw:
        """Create an object and return it."""

    async def merge_patch(
        self, resource: Resource, key: ObjectKey, patch: Manifest, *, into: type[msgspec.Raw]
    ) -> msgspec.Raw:
        """Change fields of an object and return it."""


class Kind(NamedTuple):
    """What kind of object an Event is about."""

    api_version: str
    kind: str


CREDENTIAL = Kind(API_VERSION, KIND)


@dataclass(frozen=True, slots=True)
class _Told:
    """An Event to record: about which object, and what."""

    kind: Kind
    about: ObjectMeta
    occurrence: Occurrence
    at: datetime


@dataclass(slots=True)
class _Recorded:
    name: str
    count: int


class EventRecorder:
    """Records Events one after the other, in a task of its own.

    State is touched only between awaits of one event loop.
    """

    def __init__(
        self, client: WritesEvents, *, instance: str, clock: Callable[[], datetime]
    ) -> None:
        """Prepare to record.

        Args:
            client: how to reach the API server.
            instance: who reports, as `namespace/pod`.
            clock: tells when something happened.
        """
        self._client = client
        self._instance = instance
        self._clock = clock
        self._queue: asyncio.Queue[_Told] = asyncio.Queue(_QUEUED)
        self._recorded: OrderedDict[tuple[str, Occurrence], _Recorded] = OrderedDict()
        self._allowances: dict[str, Allowance] = {}

    def record(self, about: ObjectMeta, occurrence: Occurrence, *, kind: Kind = CREDENTIAL) -> None:
        """Have an Event recorded soon; what is too much is counted and dropped."""
        allowance = self._allowances.setdefault(
            about.uid, Allowance(per_second=_PER_SECOND, burst=_BURST)
        )
        if allowance.take(asyncio.get_running_loop().time()) or self._queue.full():
            events_dropped_total.inc()
            return
        self._queue.put_nowait(_Told(kind, about, occurrence, self._clock()))

    def forget(self, uid: str) -> None:
        """Drop what is known of an object that is gone."""
        self._allowances.pop(uid, None)

    async def run(self) -> None:
        """Record until cancelled."""
        while True:
            told = await self._queue.get()
            try:
                await self._write(told)
            except OperatorError as error:
                events_dropped_total.inc()
                fields = {"credential": told.about.name, "reason": error.reason}
                log.warning("Event not recorded", extra=fields | {"error": str(error)})

    async def _write(self, told: _Told) -> None:
        key = (told.about.uid, told.occurrence)
        known = self._recorded.get(key)
        if known and await self._count(known, told):
            return
        name = f"{told.about.name[:200]}.{uuid4().hex[:16]}"
        await self._client.create(
            EVENTS, self._manifest(name, told), namespace=_namespace(told), into=msgspec.Raw
        )
        self._recorded[key] = _Recorded(name, 1)
        if len(self._recorded) > _REMEMBERED:
            self._recorded.popitem(last=False)

    async def _count(self, known: _Recorded, told: _Told) -> bool:
        """Count a repetition; False: the Event is gone, as the API server deletes old ones."""
        patch = {"count": known.count + 1, "lastTimestamp": format_time(told.at)}
        try:
            await self._client.merge_patch(
                EVENTS, ObjectKey(_namespace(told), known.name), patch, into=msgspec.Raw
            )
        except NotFoundError:
            return False
        known.count += 1
        return True

    def _manifest(self, name: str, told: _Told) -> dict[str, Any]:
        about, occurrence = told.about, told.occurrence
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": _namespace(told)},
            "involvedObject": {
                "apiVersion": told.kind.api_version,
                "kind": told.kind.kind,
                "name": about.name,
                **({"namespace": about.namespace} if about.namespace else {}),
                "uid": about.uid,
                "resourceVersion": about.resource_version,
            },
            "type": occurrence.type,
            "reason": occurrence.reason,
            "message": occurrence.message[:1024],  # Kubernetes' limit for Event notes
            "source": {"component": COMPONENT, "host": self._instance},
            "reportingComponent": COMPONENT,
            "reportingInstance": self._instance[:128],  # Kubernetes' limit
            "firstTimestamp": format_time(told.at),
            "lastTimestamp": format_time(told.at),
            "count": 1,
        }


def _namespace(told: _Told) -> str:
    return told.about.namespace or NAMESPACE
