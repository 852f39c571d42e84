"""An API server that keeps one Lease, behind a network that can be bad in every way."""

import asyncio
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from ecr_secrets.core.objects import Manifest, ObjectKey
from ecr_secrets.errors import ConflictError, NotFoundError, OperatorError, UnavailableError
from ecr_secrets.kube.lease import Lease
from ecr_secrets.kube.resource import LEASES, Resource

KEY = ObjectKey("operator", "leader")

# done and answered · done, but an error is answered · done without an answer · an error instead ·
# nothing at all
Fate: TypeAlias = Literal["answered", "broken", "silent", "refused", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What becomes of one request."""

    fate: Fate = "answered"
    there: float = 0.0  # seconds until it is done, whether or not somebody still waits for it
    back: float = 0.0  # seconds from then until the answer arrives
    error: Callable[[str], OperatorError] = UnavailableError


class FakeLeases:
    """The Lease, what it went through, and ways to meddle with it."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.made_at = 0.0  # when it was made last, in seconds
        self.writes: list[tuple[float, str]] = []  # when, and which holder it made it
        self.mutation: dict[str, Any] = {}  # what a mutating webhook makes of what is written
        self._version = 100

    @property
    def spec(self) -> dict[str, Any]:
        """What it says."""
        assert self.lease is not None
        spec: dict[str, Any] = self.lease["spec"]
        return spec

    def put(self, **spec: Any) -> None:
        """Make it say something, by somebody else's hand."""
        self._version += 1
        if self.lease is None:
            self.made_at = asyncio.get_running_loop().time()
        found = self.lease or {"metadata": {"name": KEY.name, "uid": f"uid-{self._version}"}}
        metadata = {**found["metadata"], "resourceVersion": str(self._version)}
        self.lease = {"metadata": metadata, "spec": {**found.get("spec", {}), **spec}}

    def delete(self) -> None:
        """Take it away, by somebody else's hand."""
        self.lease = None

    def read(self) -> dict[str, Any]:
        """Answer a GET."""
        if self.lease is None:
            raise NotFoundError(f"leases {KEY}: not found")
        return self.lease

    def create(self, manifest: Manifest) -> dict[str, Any]:
        """Answer an apply that is to create it."""
        if self.lease is not None:
            raise ConflictError(f"leases {KEY}: exists")
        return self._written(manifest["spec"])

    def patch(self, patch: Manifest) -> dict[str, Any]:
        """Answer a merge patch."""
        meant, found = patch["metadata"], self.read()["metadata"]
        if any(found[name] != value for name, value in meant.items()):
            raise ConflictError(f"leases {KEY}: changed meanwhile")
        return self._written(patch["spec"])

    def _written(self, spec: Manifest) -> dict[str, Any]:
        self.put(**{**spec, **self.mutation})
        self.writes.append((asyncio.get_running_loop().time(), self.spec["holderIdentity"]))
        return self.read()


class FakeLeaseClient:
    """One candidate's way to the Lease."""

    def __init__(self, leases: FakeLeases, passages: Iterable[Passage] = ()) -> None:
        """Connect.

        Args:
            leases: where to.
            passages: what becomes of the first requests; the others pass at once.
        """
        self._leases = leases
        self._passages = iter(passages)
        self.weather = Passage()  # of all requests after those
        self.requests = 0

    def expect(self, passages: Iterable[Passage]) -> None:
        """Say what becomes of the next requests; those after them pass as the weather is."""
        self._passages = iter(passages)

    async def get(self, resource: Resource, key: ObjectKey, *, into: type[Lease]) -> Lease:
        """Read it."""
        return await self._ask(self._leases.read)

    async def apply(
        self,
        resource: Resource,
        key: ObjectKey,
        manifest: Manifest | bytes,
        *,
        field_manager: str,
        force: bool,
        into: type[Lease],
    ) -> Lease:
        """Create it."""
        assert not isinstance(manifest, bytes)
        assert manifest["metadata"]["resourceVersion"]  # what keeps it from overwriting
        return await self._ask(lambda: self._leases.create(manifest))

    async def merge_patch(
        self, resource: Resource, key: ObjectKey, patch: Manifest, *, into: type[Lease]
    ) -> Lease:
        """Change it."""
        assert (resource, key) == (LEASES, KEY)
        return await self._ask(lambda: self._leases.patch(patch))

    async def _ask(self, act: Callable[[], dict[str, Any]]) -> Lease:
        self.requests += 1
        passage = next(self._passages, self.weather)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Lease] = loop.create_future()
        loop.call_later(passage.there, _arrive, passage, act, answer)
        return await answer


def _arrive(
    passage: Passage, act: Callable[[], dict[str, Any]], answer: asyncio.Future[Lease]
) -> None:
    """Do what is asked, also if whoever asked has given up, and send the answer off."""
    later = asyncio.get_running_loop().call_later
    if passage.fate == "refused":
        later(passage.back, _fail, answer, passage.error("leases operator/leader: no luck"))
    if passage.fate in {"refused", "lost"}:
        return
    try:
        lease = msgspec.convert(deepcopy(act()), Lease)
    except OperatorError as error:
        if passage.fate != "silent":
            later(passage.back, _fail, answer, error)
        return
    if passage.fate == "answered":
        later(passage.back, _succeed, answer, lease)
    elif passage.fate == "broken":
        later(passage.back, _fail, answer, passage.error("leases operator/leader: no luck"))


def _succeed(answer: asyncio.Future[Lease], lease: Lease) -> None:
    if not answer.done():
        answer.set_result(lease)


def _fail(answer: asyncio.Future[Lease], error: OperatorError) -> None:
    if not answer.done():
        answer.set_exception(error)
