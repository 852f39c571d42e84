"""Keeps a store equal to what the API server has, through every way a watch can fail.

What must stay true: nothing that happened is missed for good. A watch is taken up again where it
stopped; where that is not possible, everything is listed anew and compared with the store.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

import msgspec

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import ForbiddenError, GoneError, OperatorError
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.pace import Pace, Timing
from ecr_secrets.kube.selection import Selection
from ecr_secrets.kube.store import OnChange, Sighting, Store
from ecr_secrets.kube.watch import (
    Absent,
    Bookmark,
    Ended,
    Opened,
    Present,
    watch_events,
)
from ecr_secrets.metrics import watch_restarts_total

log = logging.getLogger(__name__)

T = TypeVar("T")

_FRUITLESS = 3  # watches in a row that ended soon and brought nothing: then a list may bring more


@dataclass(frozen=True, slots=True)
class _Listing(Generic[T]):
    """All there is, at one resource version."""

    version: str
    sightings: Sequence[Sighting[T]]


class Informer(Generic[T]):
    """Follows the objects of a selection.

    `store` is a live, read-only view, touched only between awaits.
    """

    def __init__(
        self,
        client: Client,
        selection: Selection,
        *,
        decode: Callable[[msgspec.Raw], T],
        on_change: OnChange[T],
        timing: Timing | None = None,
    ) -> None:
        """Prepare to follow; nothing happens before `run`.

        Args:
            client: open, and kept open while `run` runs.
            selection: which objects.
            decode: makes the value to keep of an object; it must not keep the raw object. What it
                raises because of the object's content leaves that one object out, which the log
                and `undecodable_objects_total` tell.
            on_change: is told the key, the object before and the object after (None: absent), when
                the store shows it already. It must be quick and must not raise.
            timing: None: the defaults.
        """
        self._client = client
        self._selection = selection
        self._timing = timing or Timing()
        self._pace = Pace(self._timing)
        self._kind = selection.resource.plural
        self._store = Store(self._kind, decode=decode, on_change=on_change)
        self.store: Mapping[ObjectKey, T] = self._store.objects
        self.last_error: OperatorError | None = None  # None: all is well, as far as we know
        self.last_progress: float | None = None  # loop time of the last sign of life; None: none
        self._synced = asyncio.Event()
        self._answered = asyncio.Event()  # set: synced, or the last attempt was denied
        self._position = ""  # resource version up to which the store is complete
        self._list_next = True  # the position is worth nothing
        self._check_next = False  # the position may be worth nothing
        self._fruitless = 0  # watches in a row
        self._reported = ""  # reason that was logged; "": none since a watch held

    @property
    def synced(self) -> bool:
        """Whether the store has been complete once; it stays so, though it may fall behind."""
        return self._synced.is_set()

    @property
    def position(self) -> str:
        """The resource version up to which the store is complete; "": it never was."""
        return self._position

    async def wait_synced(self) -> None:
        """Wait until the store has been complete once."""
        await self._synced.wait()

    async def wait_answered(self) -> None:
        """Wait until the store has been complete once, or the last attempt at that was denied."""
        await self._answered.wait()

    async def run(self) -> None:
        """Follow until cancelled.

        Raises:
            Exception: what `on_change` raised. That is a bug, and a store whose changes went
                half reported must not be built on: better the process ends and begins anew.
        """
        while True:
            watched = timedelta(0)
            error = await self._catch_up()
            if error is None:
                began = _loop_time()
                error = await self._follow()
                watched = timedelta(seconds=_loop_time() - began)
                self._conclude(error, held=watched >= self._timing.healthy)
            self._report(error)
            await asyncio.sleep(self._pace.pause(error, watched=watched).total_seconds())

    async def _catch_up(self) -> OperatorError | None:
        """Make sure that a watch can follow on the position; list anew if it cannot."""
        try:
            if self._check_next and not self._list_next:
                await self._check()
            listing = await self._list() if self._list_next else None
        except OperatorError as error:
            return error
        if listing is not None:
            self._store.replace(listing.sightings)
            self._position = listing.version
            self._list_next = False
            self._synced.set()
            self._answered.set()
        return None

    async def _check(self) -> None:
        """See whether the history that the position belongs to still exists.

        After etcd was restored from a backup, resource versions start again from a lower one. A
        watch from a version that is yet to come is accepted and stays silent until it comes.
        """
        page = await self._selection.list_page(self._client, "", limit=1)
        self._list_next = _is_before(page.resource_version, self._position)

    async def _list(self) -> _Listing[T]:
        sightings: list[Sighting[T]] = []
        token = ""
        while True:
            page = await self._selection.list_page(self._client, token)
            if _is_before(page.resource_version, self._position):
                self._store.distrust_versions()
            sightings += filter(None, map(self._store.read, page.items))
            self.last_progress = _loop_time()
            token = page.continue_token
            if not token:
                return _Listing(page.resource_version, sightings)

    async def _follow(self) -> OperatorError | None:
        """Take in what a watch says until it ends. None: in good order."""
        self._fruitless += 1
        watch = self._selection.watch(self._client, self._position, self._timing)
        async with aclosing(watch_events(watch, idle=self._timing.idle)) as events:
            async for event in events:
                if isinstance(event, Ended):
                    return event.error
                self.last_progress = _loop_time()
                self.last_error = None
                if isinstance(event, Opened):
                    continue
                self._fruitless = 0
                if not self._take_in(event):
                    return GoneError("resource versions went back")
        return None

    def _take_in(self, event: Present | Absent | Bookmark) -> bool:
        """Bring store and position up to the event; False: it contradicts the position."""
        if isinstance(event, Bookmark):
            return self._advance(event.version)
        present = isinstance(event, Present)
        seen = self._store.read(event.raw) if present else self._store.read_head(event.raw)
        if seen is None:
            return True  # counted, and that is all that can be done
        known = self._store.knows(seen.key, seen.version if present else None)
        if not self._advance(seen.version):
            return known  # a repetition does no harm
        if present:
            self._store.put(seen)
        else:
            self._store.remove(seen.key)
        return True

    def _advance(self, version: str) -> bool:
        if _is_before(version, self._position):
            return False
        self._position = version
        return True

    def _conclude(self, error: OperatorError | None, *, held: bool) -> None:
        """Decide how to go on after a watch. `held`: it lasted long enough to count as healthy."""
        watch_restarts_total.labels(
            resource=self._kind, cause=error.reason if error else "Ended"
        ).inc()
        if held:
            self._fruitless = 0
            self._reported = ""
        self._list_next = isinstance(error, GoneError) or self._fruitless >= _FRUITLESS
        self._check_next = error is not None
        if self._list_next:
            self._fruitless = 0

    def _report(self, error: OperatorError | None) -> None:
        if error is None:
            return
        self.last_error = error
        if isinstance(error, ForbiddenError):
            self._answered.set()
        elif not self.synced:
            self._answered.clear()
        if error.reason != self._reported:
            self._reported = error.reason
            fields = {"resource": self._kind, "reason": error.reason, "error": str(error)}
            log.log(_level(error), "watch interrupted", extra=fields)


def _level(error: OperatorError) -> int:
    return logging.DEBUG if isinstance(error, GoneError) else logging.WARNING


def _is_before(version: str, position: str) -> bool:
    """Compare resource versions, decimal numbers (KEP-5504); any other says nothing: False."""
    if not (version.isdecimal() and position.isdecimal()):
        return False
    return int(version) < int(position)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()
