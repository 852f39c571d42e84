"""Keeps the ValidatingWebhookConfiguration as it should be, whoever edits or deletes it.

Names of managed secrets come and go with the objects, the CA bundle with the rotation; without
credentials, or before the first certificate, no webhook is registered. It is read before anything
that goes into it, and written only as it was read: nothing newer is ever replaced by older.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from msgspec.json import Decoder

from ecr_secrets.core.objects import Manifest, ObjectKey, ObjectMeta
from ecr_secrets.errors import ConflictError, OperatorError, UnavailableError
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.informer import Informer
from ecr_secrets.kube.selection import Selection
from ecr_secrets.webhook.configuration_writer import CONFIGURATIONS, ConfigurationWriter
from ecr_secrets.webhook.found_configuration import Found, patch_to, patch_with_bundle

log = logging.getLogger(__name__)

_RETRY = timedelta(seconds=1)  # what is wrong is healed within two
# Between two looks for what nobody tells us of: the owner, while there is none.
_LOOK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the configuration is made of."""

    # Names of the secrets for whose sake pods are asked about; empty: there are none. None: not
    # known yet, since the credentials have not been listed.
    names: Callable[[], frozenset[str] | None]
    # Works out the bundle for a configuration that has this one, or for a new one with None.
    # None: nothing could verify us yet.
    bundle_for: Callable[[bytes | None], Awaitable[bytes | None]]
    # Builds it around names and bundle.
    render: Callable[[frozenset[str], bytes], Awaitable[Manifest]]


@dataclass(frozen=True, slots=True)
class _Situation:
    """What decides whether the configuration has to be looked at."""

    leading: bool
    version: str  # "": there is no configuration
    names: frozenset[str]

    @classmethod
    def of(cls, found: Found | None, names: frozenset[str], *, leading: bool) -> Self:
        """Take it down."""
        return cls(leading, found.version if found else "", names)


class Registrar:
    """Looks after the configuration, and knows what the cluster has.

    The leader sees to all of it; another replica may publish a new bundle, and changes nothing
    else then. State is touched only between awaits of one event loop.
    """

    def __init__(
        self,
        client: Client,
        name: str,
        *,
        leading: Callable[[], bool],
        changed: Callable[[], None],
        healed: Callable[[ObjectMeta], None],
    ) -> None:
        """Prepare to look after the configuration; nothing happens before `run`.

        Args:
            client: how to reach the API server.
            name: of the configuration.
            leading: whether we are the leader.
            changed: is told that the configuration in the cluster has changed.
            healed: is told when somebody else's change was undone.
        """
        self._leading = leading
        self._key = ObjectKey("", name)
        self._writer = ConfigurationWriter(client, name, healed=healed)
        self._turn = asyncio.Lock()  # who comes second finds it done
        self._woken = asyncio.Event()
        self._settled: _Situation | None = None  # the one in which it was right; None: none was
        self._outdated = False  # whether the bundle has changed since
        self._owned = True  # whether there was an owner for it
        self._reported = ""  # reason that was logged; "": none since all was well
        self.trouble = ""  # what keeps it from being right; "": nothing

        def told(*_: object) -> None:
            self.wake()
            changed()

        self._informer = Informer(
            client,
            Selection(resource=CONFIGURATIONS, field_selector=f"metadata.name={name}"),
            decode=Decoder(Found).decode,
            on_change=told,
        )

    @property
    def synced(self) -> bool:
        """Whether it is known what the cluster has."""
        return self._informer.synced

    @property
    def about(self) -> ObjectMeta:
        """What to record Events on."""
        found = self._informer.store.get(self._key)
        return found.metadata if found else ObjectMeta(name=self._key.name)

    def wake(self) -> None:
        """Have a look soon: names may have come or gone, or leadership."""
        self._woken.set()

    def renew(self) -> None:
        """Have a look soon, also if nothing else has changed than the bundle it should have."""
        self._outdated = True
        self.wake()

    def seen(self) -> bytes | None:
        """Return the CA bundle as the watch shows it; None: we are not registered."""
        found = self._informer.store.get(self._key)
        return found.bundle() if found else None

    async def read(self) -> bytes | None:
        """Return the CA bundle as it is now; None: we are not registered."""
        found = await self._writer.read()
        return found.bundle() if found else None

    async def publish(self, wishes: Wishes) -> None:
        """Give the configuration its bundle; the leader sees to all else of it as well.

        Raises:
            OperatorError: the API server did not take it.
        """
        async with self._turn:
            if self._leading():
                await self._see_to_all(wishes)
            else:
                await self._see_to_bundle(wishes)

    async def run(self, wishes: Wishes) -> None:
        """Look after the configuration until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._informer.run(), name="watch webhook configuration")
            await self._informer.wait_synced()
            while True:
                self._woken.clear()
                try:
                    await self._look(wishes)
                except OperatorError as error:
                    self._fail(error)
                    await asyncio.sleep(_RETRY.total_seconds())
                    continue
                self._reported = self.trouble = ""
                await self._rest(_LOOK if self._settled else _RETRY)

    async def _look(self, wishes: Wishes) -> None:
        names = wishes.names()
        if names is None:
            return
        outdated, self._outdated = self._outdated, False
        leading, seen = self._leading(), self._informer.store.get(self._key)
        if outdated or (leading and not self._owned):
            self._settled = None
        if self._settled == _Situation.of(seen, names, leading=leading):
            return
        self._settled = None
        async with self._turn:
            if leading:
                await self._see_to_all(wishes)
            else:
                await self._learn(wishes, names)

    async def _see_to_all(self, wishes: Wishes) -> None:
        names = wishes.names()
        if names is None:
            raise UnavailableError("the credentials have not been listed yet")
        found = await self._writer.read()
        if not names:
            if found:
                await self._writer.remove(found)
            self._settle(None, names, owned=True)
            return
        bundle = await wishes.bundle_for(found.bundle() if found else None)
        if not bundle:
            return
        manifest = await wishes.render(names, bundle)
        if not found:
            found = await self._writer.create(manifest)
        elif not found.is_as_desired(manifest):
            found = await self._writer.change(found, patch_to(found, manifest))
        self._settle(found, names, owned="ownerReferences" in manifest["metadata"])

    async def _see_to_bundle(self, wishes: Wishes) -> None:
        found = await self._writer.read()
        current = found.bundle() if found else None
        if found is None or current is None:
            return
        bundle = await wishes.bundle_for(current)
        if bundle and bundle != current:
            await self._writer.change(found, patch_with_bundle(found, bundle))

    async def _learn(self, wishes: Wishes, names: frozenset[str]) -> None:
        """Remember it unless its bundle is wrong, to notice later that somebody changed it."""
        found = await self._writer.read()
        current = found.bundle() if found else None
        if found is None or (current and await wishes.bundle_for(current) == current):
            self._writer.kept = found
        # Leadership that came meanwhile makes another situation of it.
        self._settled = _Situation.of(found, names, leading=False)

    def _settle(self, found: Found | None, names: frozenset[str], *, owned: bool) -> None:
        self._settled = _Situation.of(found, names, leading=True)
        self._owned = owned
        self._writer.kept = found

    def _fail(self, error: OperatorError) -> None:
        self.trouble = f"{error.reason}: {error}"
        if error.reason == self._reported:
            return
        self._reported = error.reason
        level = logging.DEBUG if isinstance(error, ConflictError) else logging.WARNING
        fields = {"reason": error.reason, "error": str(error)}
        log.log(level, "webhook configuration not kept", extra=fields)

    async def _rest(self, pause: timedelta) -> None:
        try:
            async with asyncio.timeout(pause.total_seconds()):
                await self._woken.wait()
        except TimeoutError:
            return
