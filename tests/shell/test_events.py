"""Events are counted instead of repeated, bounded, and never in the way."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from ecr_secrets.controller.events import EventRecorder
from ecr_secrets.core.objects import Manifest, ObjectKey, ObjectMeta
from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.errors import NotFoundError, OperatorError, UnavailableError
from ecr_secrets.kube.resource import Resource
from tests.fakes.virtual_time import run_in_virtual_time

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
ABOUT = ObjectMeta(name="shop", uid="u1", resource_version="7")
WRITTEN = Occurrence("Normal", "PullSecretCreated", "pull secret created")
DENIED = Occurrence("Warning", "AccessDenied", "AWS says no")


class FakeEvents:
    """The Events of a cluster."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, Any]] = {}
        self.refusal: OperatorError | None = None

    async def create(
        self, resource: Resource, manifest: Manifest, *, namespace: str, into: type[msgspec.Raw]
    ) -> msgspec.Raw:
        await asyncio.sleep(0)
        if self.refusal:
            raise self.refusal
        self.events[manifest["metadata"]["name"]] = dict(manifest)
        return msgspec.Raw(b"{}")

    async def merge_patch(
        self, resource: Resource, key: ObjectKey, patch: Manifest, *, into: type[msgspec.Raw]
    ) -> msgspec.Raw:
        await asyncio.sleep(0)
        if key.name not in self.events:
            raise NotFoundError(f"events {key}: not found")
        self.events[key.name] |= patch
        return msgspec.Raw(b"{}")

    def counts(self) -> list[tuple[str, int]]:
        return [(event["reason"], event["count"]) for event in self.events.values()]


def _record(cluster: FakeEvents, *occurrences: Occurrence | Callable[[], None]) -> None:
    """Record what occurs, one after the other; a function is called in its turn."""

    async def scenario() -> None:
        recorder = EventRecorder(cluster, instance="ecr/pod-1", clock=lambda: NOON)
        work = asyncio.create_task(recorder.run())
        for occurrence in occurrences:
            if isinstance(occurrence, Occurrence):
                recorder.record(ABOUT, occurrence)
            else:
                occurrence()
            await asyncio.sleep(1)
        work.cancel()

    run_in_virtual_time(scenario())


def test_an_event_says_who_what_and_when() -> None:
    """`kubectl describe` shows it with the object."""
    cluster = FakeEvents()

    _record(cluster, DENIED)

    (event,) = cluster.events.values()
    assert event["involvedObject"]["name"] == "shop"
    assert event["involvedObject"]["uid"] == "u1"
    assert (event["type"], event["reason"], event["message"]) == (
        "Warning",
        "AccessDenied",
        "AWS says no",
    )
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-11-24T12:00:00Z"
    assert event["reportingInstance"] == "ecr/pod-1"


def test_what_happens_again_is_counted() -> None:
    """A secret that is deleted every hour fills no list."""
    cluster = FakeEvents()

    _record(cluster, WRITTEN, WRITTEN, DENIED, WRITTEN)

    assert cluster.counts() == [("PullSecretCreated", 3), ("AccessDenied", 1)]


def test_an_event_the_cluster_forgot_begins_anew() -> None:
    """The API server deletes Events after an hour."""
    cluster = FakeEvents()

    _record(cluster, WRITTEN, cluster.events.clear, WRITTEN)

    assert cluster.counts() == [("PullSecretCreated", 1)]


def test_a_flood_about_one_object_is_cut() -> None:
    """As client-go does: 25 at once, then one in five minutes."""
    cluster = FakeEvents()
    flood = [Occurrence("Normal", "Flood", f"number {number}") for number in range(100)]

    _record(cluster, *flood)

    assert len(cluster.events) == 25


def test_a_refused_event_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Without the right to write Events the operator works, and says so."""
    cluster = FakeEvents()
    cluster.refusal = UnavailableError("create events default/x: no answer")

    _record(cluster, WRITTEN, lambda: setattr(cluster, "refusal", None), DENIED)

    assert cluster.counts() == [("AccessDenied", 1)]
    assert [record.message for record in caplog.records] == ["Event not recorded"]
