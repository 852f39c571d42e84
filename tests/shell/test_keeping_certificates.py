"""How a replica keeps certificates when the API server, or somebody else, does not let it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import get_args

import pytest

from ecr_secrets.core.authority import Lifetimes
from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.core.rotation import Cause, Store
from ecr_secrets.errors import ForbiddenError, OperatorError, UnavailableError
from ecr_secrets.webhook.authority import ServingNames, make_ca
from ecr_secrets.webhook.bundle import render_bundle
from ecr_secrets.webhook.ca_record import Entry, encode_record, parse_record
from ecr_secrets.webhook.ca_secret import FoundRecord
from ecr_secrets.webhook.certificates import Certificates
from ecr_secrets.webhook.restraint import Restraint
from ecr_secrets.webhook.rotation_events import occurrence_of
from ecr_secrets.webhook.surroundings import Terms
from ecr_secrets.webhook.viewpoint import Sightings
from tests.core.builders import NOON
from tests.fakes.eventually import eventually


class Place:
    """The record and the configuration, both of which may refuse."""

    def __init__(self) -> None:
        self.content: bytes | None = None
        self.bundle: bytes | None = None
        self.refusal: OperatorError | None = None
        self.forgetful = False  # whether nothing that is written stays
        self.followed = False  # whether the watch shows it
        self.reads = 0
        self.writes = 0
        self.published = 0
        self.clock = NOON

    async def run(self) -> None:
        await asyncio.Event().wait()

    def seen(self) -> FoundRecord | None:
        return self._found() if self.followed else None

    async def read(self) -> FoundRecord | None:
        await asyncio.sleep(0)
        self.reads += 1
        if self.refusal:
            raise self.refusal
        return self._found()

    def _found(self) -> FoundRecord | None:
        if self.content is None:
            return None
        record = parse_record(self.content)
        return FoundRecord(uid="u", resource_version="1", writable=True, record=record)

    async def write(self, found: FoundRecord | None, entries: Iterable[Entry]) -> None:
        await asyncio.sleep(0)
        self.writes += 1
        self.content = None if self.forgetful else encode_record(entries)


class Published:
    """The configuration of a place."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def seen(self) -> bytes | None:
        return self._place.bundle

    async def read(self) -> bytes | None:
        await asyncio.sleep(0)
        return self._place.bundle

    async def publish(self) -> None:
        await asyncio.sleep(0)
        self._place.published += 1


def certificates_at(place: Place, told: list[Occurrence]) -> Certificates:
    """Make them; they are not kept yet."""
    return Certificates(
        place,
        Published(place),
        Terms(names=ServingNames(dns_names=("webhook",)), lifetimes=Lifetimes()),
        clock=lambda: place.clock,
        tell=told.append,
    )


@asynccontextmanager
async def kept(place: Place, told: list[Occurrence]) -> AsyncIterator[Certificates]:
    """Keep certificates there."""
    certificates = certificates_at(place, told)
    task = asyncio.create_task(certificates.run())
    yield certificates
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_it_goes_on_when_the_api_server_is_back(caplog: pytest.LogCaptureFixture) -> None:
    """Tried again and again, and said once."""
    place = Place()
    place.refusal = UnavailableError("get secrets operator/webhook-ca: no answer")
    async with kept(place, []) as certificates:
        await eventually(lambda: place.reads >= 3)
        place.refusal = None
        await eventually(lambda: certificates.issued)

    assert caplog.messages.count("webhook certificates not kept") == 1


async def test_without_the_right_to_read_the_record_there_is_no_certificate() -> None:
    """Then nothing is registered, and no pod waits for us."""
    place = Place()
    place.refusal = ForbiddenError("get secrets operator/webhook-ca: forbidden")
    async with kept(place, []) as certificates:
        await eventually(lambda: place.reads >= 2)

        assert not certificates.issued
        assert not certificates.is_trusted()


async def test_a_replica_wages_no_war_over_the_record() -> None:
    """Somebody who deletes it at once is met 20 times a minute, not without end."""
    place = Place()
    place.forgetful = True
    async with kept(place, []):
        await eventually(lambda: place.writes == 20)
        reads = place.reads
        await eventually(lambda: place.reads >= reads + 2)

    assert place.writes == 20


async def test_a_bundle_that_cannot_be_changed_is_not_published_without_pause() -> None:
    """Likewise: what has no effect is not repeated for ever."""
    place = Place()
    place.bundle = b""
    async with kept(place, []):
        await eventually(lambda: place.published + place.writes == 20)
        reads = place.reads
        await eventually(lambda: place.reads >= reads + 2)

    assert place.published + place.writes == 20


async def test_nothing_is_asked_when_nothing_is_due() -> None:
    """What the watch shows is enough for a replica at rest."""
    place = Place()
    place.followed = True
    async with kept(place, []) as certificates:
        await eventually(lambda: certificates.issued)
        reads = place.reads
        pause = await certificates.step()

        assert pause > timedelta(seconds=50)
        assert (place.reads, place.writes) == (reads, 1)


async def settle(certificates: Certificates, place: Place) -> None:
    """Take steps until there is nothing to do, in a place where every bundle is published."""
    while not await certificates.step():
        place.bundle = await certificates.bundle_for(place.bundle)


@pytest.mark.parametrize("ahead", [timedelta(minutes=59), timedelta(hours=2), timedelta(days=400)])
@pytest.mark.parametrize("alone", [True, False], ids=["first-replica", "later-replica"])
async def test_a_clock_that_is_set_right_costs_no_trust(ahead: timedelta, alone: bool) -> None:
    """What is not valid yet is replaced at once, its authority too if that is from then."""
    place = Place()
    if not alone:
        await settle(certificates_at(place, []), place)
    certificates = certificates_at(place, [])
    place.clock = NOON + ahead
    await settle(certificates, place)
    trusted_before = certificates.is_trusted()

    place.clock = NOON
    await settle(certificates, place)

    assert trusted_before
    assert certificates.is_trusted()


def an_authority_of_ours() -> Entry:
    """Make one."""
    return Entry.announcing(make_ca(now=NOON, lifetime=timedelta(days=365)))


async def test_the_bundle_keeps_for_a_while_what_the_record_does_not_know() -> None:
    """Another replica may serve with it; what is not ours goes at once."""
    place, known, unknown = Place(), an_authority_of_ours(), an_authority_of_ours()
    place.content = encode_record([known])
    current = b"junk" + unknown.certificate.pem
    certificates = certificates_at(place, [])

    bundle = await certificates.bundle_for(current)

    assert bundle == render_bundle([known.certificate, unknown.certificate])


@pytest.mark.parametrize("content", [None, b"junk"], ids=["missing", "damaged"])
async def test_without_a_record_there_is_no_bundle(content: bytes | None) -> None:
    """Whatever the configuration trusts stays until there is something better."""
    place = Place()
    place.content = content

    assert await certificates_at(place, []).bundle_for(b"") is None


async def test_no_key_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """At no level, also not when the record is damaged."""
    caplog.set_level(logging.DEBUG)
    place, told = Place(), list[Occurrence]()
    async with kept(place, told) as certificates:
        await eventually(lambda: certificates.issued)
        keys = [entry.key for entry in parse_record(place.content).entries if entry.key]
        place.content = (place.content or b"")[:-20]
        certificates.look()
        await eventually(lambda: len(told) >= 3)

    shown = caplog.text + repr([vars(record) for record in caplog.records]) + repr(told)
    assert keys
    for key in keys:
        assert not any(line in shown for line in key.decode().splitlines())


@pytest.mark.parametrize("cause", get_args(Cause))
def test_every_change_is_told(cause: Cause) -> None:
    """As an Event that people find, with a reason and a sentence."""
    told = occurrence_of(Store((), cause))

    assert told.reason.startswith("WebhookAuthorit")
    assert told.message


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(9.9, False, id="within-the-span"),
        pytest.param(10.0, True, id="at-its-end"),
        pytest.param(10.1, True, id="after-it"),
    ],
)
def test_restraint_lets_so_many_through_in_a_span(at: float, expected: bool) -> None:
    """At once if they come at once."""
    restraint = Restraint(3, within=timedelta(seconds=10))
    first = [restraint.take(0.0) for _ in range(3)]

    assert first == [True, True, True]
    assert restraint.take(at) is expected


def test_what_was_away_for_a_moment_is_seen_from_then_on() -> None:
    """An API server may have missed what was there before."""
    sightings = Sightings()
    sightings.see(["a", "b"], at=0)
    sightings.see(["b"], at=5)

    assert sightings.see(["a", "b"], at=7) == {"a": timedelta(0), "b": timedelta(seconds=7)}
