"""Whatever happens to candidates, requests and clocks: never two leaders, and soon one again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.candidates import Candidate, a_clock, now
from tests.fakes.leases import FakeLeases, Passage
from tests.fakes.virtual_time import run_in_virtual_time

Deed: TypeAlias = Literal["crash", "shut_down", "label", "delete"]

PLACES = 3
STEP = 0.5  # seconds from one look at all candidates to the next
AFTERMATH = 150.0  # seconds in which the longest storm ends and somebody leads again
SEEN = 10.0  # seconds within which every candidate has looked, or knows that it could not
CALM = 60.0  # seconds in which it stays so

FATES = st.sampled_from(["answered", "answered", "broken", "silent", "refused", "lost"])
DELAYS = st.one_of(st.just(0.0), st.floats(0, 5.5), st.floats(0, 40))
PASSAGES = st.builds(Passage, fate=FATES, there=DELAYS, back=DELAYS)
PROMPT_PASSAGES = st.builds(Passage, fate=FATES, back=DELAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that befalls a candidate, or the Lease."""

    after: float  # seconds since the last one
    deed: Deed
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fortune:
    """What the candidates at one place go through."""

    passages: Sequence[Passage]  # of the first one's requests
    skew: timedelta  # of their wall clock
    rate: float  # likewise
    jitter: float


def fortunes(passages: st.SearchStrategy[Passage]) -> st.SearchStrategy[list[Fortune]]:
    """Generate what every place goes through."""
    each = st.builds(
        Fortune,
        passages=st.lists(passages, max_size=12),
        skew=st.timedeltas(timedelta(days=-400), timedelta(days=400)),
        rate=st.sampled_from([1.0, 0.0, -1.0, 50.0]),
        jitter=st.floats(0, 0.999),
    )
    return st.lists(each, min_size=PLACES, max_size=PLACES)


def events(*deeds: Deed) -> st.SearchStrategy[list[Event]]:
    """Generate what happens, out of some deeds."""
    each = st.builds(
        Event,
        after=st.floats(0, 25),
        deed=st.sampled_from(deeds),
        place=st.integers(0, PLACES - 1),
    )
    return st.lists(each, max_size=8)


class World:
    """Places for candidates: one that ends is followed by another, under a new name."""

    def __init__(self, fates: Sequence[Fortune]) -> None:
        self.leases = FakeLeases()
        self.overlaps: list[str] = []
        self._fates = fates
        self._made = 0
        self._candidates = [self._make(place) for place in range(PLACES)]

    def leaders(self) -> list[str]:
        """Say who leads at this moment."""
        return [candidate.identity for candidate in self._candidates if candidate.leading]

    def break_storm(self) -> None:
        """Let the next requests meet their fate."""
        for candidate, fate in zip(self._candidates, self._fates, strict=True):
            candidate.client.expect(fate.passages)

    async def watch(self) -> None:
        """Look for ever."""
        while True:
            self._check()
            await asyncio.sleep(STEP)

    async def befall(self, event: Event) -> None:
        """Let something happen."""
        await asyncio.sleep(event.after)
        candidate = self._candidates[event.place]
        if event.deed == "delete":
            if now() - self.leases.made_at >= SEEN:
                self.leases.delete()
        elif event.deed == "label":
            if self.leases.lease:
                self.leases.put()
        else:
            await (candidate.crash() if event.deed == "crash" else candidate.shut_down())
            self._candidates[event.place] = self._make(event.place)

    def _make(self, place: int) -> Candidate:
        self._made += 1
        fate = self._fates[place]
        return Candidate(
            self.leases,
            f"candidate-{self._made}",
            clock=a_clock(skew=fate.skew, rate=fate.rate),
            jitter=fate.jitter,
            on_change=lambda candidate, leading: self._check(),
        )

    def _check(self) -> None:
        leaders = self.leaders()
        if len(leaders) > 1:
            self.overlaps.append(f"at {now()}: {leaders}")


async def _live(fates: Sequence[Fortune], happening: Sequence[Event], *, calm: float) -> None:
    """Live through it all; at the end one leads, and none ever led beside another.

    Args:
        fates: of the candidates.
        happening: what happens besides.
        calm: seconds before the storm breaks.
    """
    world = World(fates)
    watching = asyncio.create_task(world.watch())
    await asyncio.sleep(calm)
    world.break_storm()
    for event in happening:
        await world.befall(event)
    await asyncio.sleep(AFTERMATH)
    leaders = world.leaders()
    await asyncio.sleep(CALM)
    watching.cancel()

    assert world.overlaps == []
    assert len(leaders) == 1
    assert world.leaders() == leaders


@given(fates=fortunes(PASSAGES), happening=events("crash", "shut_down", "label"))
def test_no_two_lead_at_once(fates: Sequence[Fortune], happening: Sequence[Event]) -> None:
    """Requests arrive late, twice or never, clocks are wrong, processes die: one leads at most.

    And when all that is over, one leads and stays.
    """
    run_in_virtual_time(_live(fates, happening, calm=0))


@given(fates=fortunes(PROMPT_PASSAGES), happening=events("delete", "label"))
def test_deleting_the_lease_makes_no_second_leader(
    fates: Sequence[Fortune], happening: Sequence[Event]
) -> None:
    """Who has seen a leader waits for its end, also when nothing is left that names it.

    A candidate that has just come cannot know, nor can a creation that was on its way for long,
    nor is a leader seen whose Lease is made and deleted between two looks: here all have seen the
    Lease before, what arrives at all arrives at once, and no Lease is deleted as soon as it is
    made.
    """
    run_in_virtual_time(_live(fates, happening, calm=5))
