"""Certificates in use: real handshakes while they are replaced, lost and tampered with."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
import uvloop

from ecr_secrets.core.authority import Lifetimes
from ecr_secrets.webhook.authority import CaWithKey, ServingNames, issue_leaf, make_ca
from ecr_secrets.webhook.ca_record import Entry, encode_record
from ecr_secrets.webhook.serving import ServingCertificate
from testbed.certificates import Authority
from tests.fakes.eventually import eventually
from tests.integration.webhook_replicas import (
    HOST,
    Caller,
    Cluster,
    Replica,
    a_replica,
    ask_once,
    serving,
    utc_now,
)

Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]

SECOND = timedelta(seconds=1)
# A new authority every half second; each lives long enough for a busy machine.
RESTLESS = Lifetimes(
    authority=60 * SECOND, leaf=3 * SECOND, overlap=timedelta(seconds=0.3), renewal=0.1
)
CALM = Lifetimes(overlap=timedelta(seconds=0.3))
LAG = 0.1  # seconds; what the callers' view of the bundle is behind


async def _two_replicas(
    stack: AsyncExitStack, cluster: Cluster, lifetimes: Lifetimes
) -> tuple[Replica, Replica]:
    first = await stack.enter_async_context(a_replica(cluster, lifetimes))
    second = await stack.enter_async_context(a_replica(cluster, lifetimes))
    await first.register()
    await eventually(lambda: all(one.certificates.is_trusted() for one in (first, second)))
    return first, second


class Callers:
    """Asks replicas without pause, each time over a new connection, and counts."""

    def __init__(self, cluster: Cluster, replicas: tuple[Replica, ...]) -> None:
        self._cluster = cluster
        self._replicas = replicas
        self.asked = 0
        self.failed = 0

    async def __aenter__(self) -> "Callers":
        await asyncio.sleep(CALM.overlap.total_seconds())  # every caller has seen the bundle
        self._tasks = [asyncio.create_task(self._ask(one)) for one in self._replicas]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self, replica: Replica) -> None:
        while True:
            answered = await ask_once(replica.port, self._cluster.bundle_of(seconds_ago=LAG))
            self.asked += 1
            self.failed += not answered
            await asyncio.sleep(0.005)


def test_fifty_rotations_fail_no_handshake() -> None:
    """Two replicas, new connections all the time, callers that see the bundle late."""
    counts: list[tuple[int, int, int]] = []

    async def scenario() -> None:
        cluster = Cluster()
        async with AsyncExitStack() as stack:
            replicas = await _two_replicas(stack, cluster, RESTLESS)
            async with Callers(cluster, replicas) as callers:
                await eventually(
                    lambda: cluster.count("WebhookAuthorityPromoted") >= 50, within=120
                )
            counts.append((callers.asked, callers.failed, len(cluster.bundle or b"")))

    uvloop.run(scenario())

    [(asked, failed, size)] = counts
    assert failed == 0
    assert asked > 500
    assert size < 16 * 1024  # those that are over have left the bundle


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_a_reload_keeps_open_connections(run: Run) -> None:
    """Whoever is connected notices nothing; whoever connects meets the new certificate."""

    async def scenario() -> None:
        served, ca = ServingCertificate(), a_ca()
        install(served, ca)
        async with serving(served.context) as port:
            early = await Caller.connect(port, ca.certificate.pem)
            assert await early.ask()

            install(served, ca)
            late = await Caller.connect(port, ca.certificate.pem)

            assert await early.ask()
            assert await late.ask()
            assert early.certificate() != late.certificate()
            await early.close()
            await late.close()

    run(scenario())


def a_ca() -> CaWithKey:
    """Make an authority."""
    return make_ca(now=utc_now(), lifetime=3600 * SECOND)


def install(served: ServingCertificate, ca: CaWithKey) -> None:
    """Serve with a new certificate."""
    entry = Entry.announcing(ca)
    names = ServingNames(ip_addresses=(HOST,))
    pair = issue_leaf(ca, names, now=utc_now(), lifetime=3600 * SECOND)
    served.install(pair, entry.authority, ca.certificate)


def a_record(ca: CaWithKey | None = None) -> bytes:
    """Write the record of one authority, which signs."""
    entry = Entry.announcing(ca or a_ca())
    signing = replace(entry.authority, role="Signing")
    return encode_record([replace(entry, authority=signing)])


def an_expired_record() -> bytes:
    """Write the record of an authority that expired a while ago."""
    return a_record(make_ca(now=utc_now() - 7200 * SECOND, lifetime=3600 * SECOND))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00\xff not json", id="no-json"),
        pytest.param(b"[" * 100_000, id="deeply-nested"),
        pytest.param(b'{"version": 1, "authorities": []}', id="no-authorities"),
        pytest.param(b'{"version": 2, "authorities": []}', id="of-another-version"),
        pytest.param(b'{"version": 1, "authorities": [null, 7, {}]}', id="no-entries"),
        pytest.param(a_record()[:-200], id="cut-off"),
        pytest.param(a_record().replace(b"PRIVATE", b"PUBLIC"), id="key-unreadable"),
        pytest.param(an_expired_record(), id="expired"),
        pytest.param(a_record(), id="of-somebody-else"),
        pytest.param(b" " * 1024 * 1024, id="huge"),
    ],
)
async def test_whatever_the_secret_holds_no_handshake_fails(content: bytes) -> None:
    """The record is rebuilt within two seconds, around the authority that is in use."""
    cluster = Cluster()
    async with AsyncExitStack() as stack:
        replicas = await _two_replicas(stack, cluster, CALM)
        async with Callers(cluster, replicas) as callers:
            before = [one.certificates.is_trusted() for one in replicas]

            cluster.put_record(content)
            await eventually(lambda: _is_whole(cluster), within=2)
            await asyncio.sleep(2 * CALM.overlap.total_seconds())  # the change-over, if any
            await eventually(lambda: callers.asked >= 50)

            assert before == [True, True]
            assert callers.failed == 0
            assert all(one.certificates.is_trusted() for one in replicas)


async def test_a_deleted_secret_is_replaced_and_no_handshake_fails() -> None:
    """A new authority takes over; the old one is trusted until its certificates are gone."""
    cluster = Cluster()
    async with AsyncExitStack() as stack:
        replicas = await _two_replicas(stack, cluster, CALM)
        async with Callers(cluster, replicas) as callers:
            cluster.delete_record()
            await eventually(lambda: _is_whole(cluster), within=2)
            await eventually(lambda: _roles(cluster) == ["Retired", "Signing"], within=5)
            await eventually(lambda: callers.asked >= 50)

            assert callers.failed == 0
            assert cluster.count("WebhookAuthorityRestored") == 1


@pytest.mark.parametrize(
    "bundle",
    [
        pytest.param(b"", id="emptied"),
        pytest.param(b"not a certificate", id="junk"),
        pytest.param(a_ca().certificate.pem, id="another-authority"),
    ],
)
async def test_a_bundle_that_was_overwritten_is_healed(bundle: bytes) -> None:
    """Within two seconds, and until then the replica does not call itself ready."""
    cluster = Cluster()
    async with AsyncExitStack() as stack:
        replicas = await _two_replicas(stack, cluster, CALM)

        cluster.put_bundle(bundle)
        ready = [one.certificates.is_trusted() for one in replicas]

        await eventually(lambda: all(one.certificates.is_trusted() for one in replicas), within=2)
        assert ready == [False, False]
        assert all([await ask_once(one.port, cluster.bundle or b"") for one in replicas])


async def test_what_somebody_added_to_the_bundle_is_removed() -> None:
    """Nobody else may serve in our place."""
    cluster = Cluster()
    async with AsyncExitStack() as stack:
        await _two_replicas(stack, cluster, CALM)
        bundle = cluster.bundle or b""

        cluster.put_bundle(bundle + Authority("somebody").certificate_pem)

        await eventually(lambda: cluster.bundle == bundle, within=2)


def _is_whole(cluster: Cluster) -> bool:
    found = cluster.found()
    return (
        found is not None
        and not found.record.damaged
        and any(one.role != "Retired" and one.has_key for one in found.record.authorities)
    )


def _roles(cluster: Cluster) -> list[str]:
    found = cluster.found()
    return sorted(one.role for one in found.record.authorities) if found else []
