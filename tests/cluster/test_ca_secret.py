"""The record of authorities in a Secret of a real API server."""

import asyncio
import itertools
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import ConflictError, RejectedError
from ecr_secrets.kube.access import load_access
from ecr_secrets.kube.client import Client
from ecr_secrets.kube.resource import NAMESPACES, SECRETS
from ecr_secrets.webhook.authority import make_ca
from ecr_secrets.webhook.ca_record import Entry
from ecr_secrets.webhook.ca_secret import CaSecret
from testbed.control_plane import ControlPlane
from tests.core.builders import NOON
from tests.core.certificates import DAY
from tests.fakes.eventually import eventually

NUMBERS = itertools.count()


@pytest.fixture
async def client(control_plane: ControlPlane) -> AsyncIterator[Client]:
    """Enter as the administrator."""
    access = await load_access(kubeconfig=str(control_plane.kubeconfig), context=None, environ={})
    async with Client(access) as opened:
        yield opened


@pytest.fixture
async def key(client: Client) -> ObjectKey:
    """Make a namespace of the test's own, without a record in it."""
    name = f"webhook-ca-{next(NUMBERS)}"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await client.create(NAMESPACES, manifest, namespace="", into=msgspec.Raw)
    return ObjectKey(name, "webhook-ca")


def an_entry() -> Entry:
    """Make a new authority's."""
    return Entry.announcing(make_ca(now=NOON, lifetime=365 * DAY))


def _nobody() -> None:
    """Be told of a change, and do nothing."""


async def test_of_two_replicas_that_start_together_one_creates_the_record(
    client: Client, key: ObjectKey
) -> None:
    """The other is refused, and finds what the first has written."""
    records = [CaSecret(client, key, _nobody) for _ in range(2)]
    entries = [an_entry(), an_entry()]

    outcomes = await asyncio.gather(
        *(one.write(None, [entry]) for one, entry in zip(records, entries, strict=True)),
        return_exceptions=True,
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, ConflictError)]
    found = await records[0].read()
    assert len(refused) == 1
    assert found
    assert found.record.entries == (entries[outcomes.index(None)],)


async def test_a_record_that_changed_meanwhile_is_not_overwritten(
    client: Client, key: ObjectKey
) -> None:
    """A step decided for another state is not taken; also not after a deletion."""
    records = CaSecret(client, key, _nobody)
    await records.write(None, [an_entry()])
    stale = await records.read()
    await records.write(stale, [an_entry()])
    assert stale

    with pytest.raises(ConflictError):
        await records.write(stale, [an_entry()])
    newest = await records.read()
    assert newest
    await client.delete(SECRETS, key, uid=newest.uid)
    with pytest.raises((ConflictError, RejectedError)):
        await records.write(newest, [an_entry()])

    assert await records.read() is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"data": {"authorities.json": b64encode(b"junk").decode()}}, id="junk"),
        pytest.param({"data": {"password": b64encode(b"x").decode()}}, id="other-content"),
        pytest.param({"immutable": True}, id="immutable"),
        pytest.param(
            {
                "type": "kubernetes.io/basic-auth",
                "data": {"username": b64encode(b"x").decode()},
            },
            id="of-another-type",
        ),
    ],
)
async def test_whatever_stands_in_its_place_is_replaced(
    client: Client, key: ObjectKey, other: dict[str, Any]
) -> None:
    """By its name in the operator's namespace it is ours, whoever wrote it."""
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": key.name}, **other}
    await client.create(SECRETS, manifest, namespace=key.namespace, into=msgspec.Raw)
    records, entry = CaSecret(client, key, _nobody), an_entry()

    found = await records.read()
    await records.write(found, [entry])

    written = await records.read()
    assert found
    assert found.record.damaged
    assert written
    assert written.record.entries == (entry,)


async def test_changes_are_told_of_and_seen_without_keys(client: Client, key: ObjectKey) -> None:
    """A replica follows what another writes."""
    told: list[bool] = []
    records, entry = CaSecret(client, key, lambda: told.append(True)), an_entry()
    running = asyncio.create_task(records.run())

    await CaSecret(client, key, _nobody).write(None, [entry])
    await eventually(lambda: records.seen() is not None)
    seen = records.seen()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running

    assert told
    assert seen
    assert seen.record.authorities == (entry.authority,)
    assert seen.record.entries[0].key is None
