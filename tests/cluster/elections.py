"""Candidates on a real API server, and the Lease they compete for."""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import NotFoundError
from ecr_secrets.kube.access import load_access
from ecr_secrets.kube.claim import LeaseTiming
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.election import Election
from ecr_secrets.kube.lease_object import LeaseObject
from ecr_secrets.kube.resource import LEASES, NAMESPACES
from testbed.control_plane import ControlPlane
from tests.fakes.eventually import eventually
from tests.fakes.scripted_watch import running_in_background

# A fifth of the usual: a test machine that is busy delays requests by tenths of a second.
TIMING = LeaseTiming(
    lease=timedelta(seconds=3), renew_deadline=timedelta(seconds=2), retry=timedelta(seconds=0.4)
)
FAIL_OVER = 4.0 + 2  # seconds: 20 s, by the same measure, and what a busy machine adds
RELEASED = 0.6 + 2  # likewise: 3 s
SOME_ATTEMPTS = 1.2  # seconds in which everybody makes two

Object = dict[str, Any]

_NUMBERS = itertools.count()


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)  # noqa: TID251 - this is the wiring of these tests


@asynccontextmanager
async def a_client(kubeconfig: Path, *, port: int | None = None) -> AsyncIterator[Client]:
    """Open a client, through another port if one is given."""
    access = await load_access(kubeconfig=str(kubeconfig), context=None, environ={})
    if port is not None:
        access = replace(access, server=f"https://127.0.0.1:{port}")
    async with Client(access) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Office:
    """What candidates compete for, in the hands of the administrator."""

    client: Client
    key: ObjectKey

    @property
    def lease(self) -> LeaseObject:
        """The Lease as candidates see it."""
        return LeaseObject(self.client, self.key)

    async def read(self) -> Object:
        """Return the Lease."""
        return await self.client.get(LEASES, self.key, into=Object)

    async def spec(self) -> Object:
        """Return what the Lease says."""
        spec: Object = (await self.read())["spec"]
        return spec

    async def edit(self, patch: Object) -> None:
        """Change the Lease by hand."""
        await self.client.merge_patch(LEASES, self.key, patch, into=msgspec.Raw)

    async def delete(self) -> None:
        """Delete the Lease by hand."""
        uid = (await self.read())["metadata"]["uid"]
        await self.client.delete(LEASES, self.key, uid=uid)

    async def exists(self) -> bool:
        """Tell whether there is a Lease."""
        try:
            await self.read()
        except NotFoundError:
            return False
        return True

    async def until_renewed(self) -> None:
        """Wait until the holder shows that it lives."""
        before = await self.spec()

        async def renewed() -> bool:
            return await self.spec() != before

        await eventually(renewed)


@asynccontextmanager
async def an_office(control_plane: ControlPlane) -> AsyncIterator[Office]:
    """Provide a namespace in which there is no Lease yet."""
    async with a_client(control_plane.kubeconfig) as client:
        namespace = f"election-{next(_NUMBERS)}"
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        await client.create(NAMESPACES, manifest, namespace="", into=msgspec.Raw)
        yield Office(client, ObjectKey(namespace, "leader"))


def _ignore(_leading: bool) -> None:
    pass


def a_candidate(
    office: Office,
    identity: str,
    *,
    client: Client | None = None,
    on_change: Callable[[bool], None] = _ignore,
) -> Election:
    """Make a candidate; with `client` it reaches the API server by another way."""
    return Election(
        client or office.client,
        office.key,
        identity=identity,
        clock=utc_now,
        timing=TIMING,
        on_change=on_change,
    )


@asynccontextmanager
async def leading(election: Election) -> AsyncIterator[None]:
    """Run a candidate until it leads, and on; leaving ends it without a word."""
    async with running_in_background(election.run()):
        await eventually(lambda: election.leading)
        yield
