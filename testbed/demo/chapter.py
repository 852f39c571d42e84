"""What a chapter of the demo is, and how it is performed: act, look, compare with the promise."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeAlias

from testbed.demo.sight import Sight
from testbed.errors import ControlPlaneError

_PAUSE = 0.1  # seconds between two looks while something is waited for


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look showed of a promise: what there is, whether it holds or not."""

    words: str
    holds: bool = False


# Compares what was before the step with what is now.
Check = Callable[[Sight, Sight], Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Something that has to be seen after a step."""

    words: str
    check: Check
    within: timedelta = timedelta()  # from when its turn comes; zero: one look decides


async def _nothing() -> None:
    """Leave it to the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that is done, and what is promised of it."""

    words: str
    promises: tuple[Promise, ...]
    act: Callable[[], Awaitable[None]] = _nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One thing to show."""

    title: str
    words: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a promise was kept, and what was seen of it."""

    chapter: str
    promise: str
    held: bool
    seen: str
    after: timedelta | None = None  # since the step was done; None: it had not to be waited for

    @property
    def mark(self) -> str:
        """A sign for it."""
        return "✔" if self.held else "✘"

    @property
    def evidence(self) -> str:
        """What was seen, and after how long."""
        if self.after is None:
            return self.seen
        seconds = f"{self.after.total_seconds():.1f}"
        return f"{self.seen}, {'at once' if seconds == '0.0' else f'after {seconds} s'}"


class Teller(Protocol):
    """Tells a person what goes on; does not decide anything."""

    def begin(self, number: int, chapter: Chapter) -> None:
        """Open a chapter."""

    def step(self, step: Step) -> None:
        """Say what is about to be done."""

    def wait(self, promise: Promise, seen: Seen) -> None:
        """Say what is still waited for; called with every look."""

    def judge(self, verdict: Verdict) -> None:
        """Say whether a promise was kept."""

    async def breathe(self, span: timedelta) -> None:
        """Give the person time to read, where somebody sits there."""


# A look that begins when it is asked for.
Look: TypeAlias = Callable[[], Awaitable[Sight]]


@dataclass(frozen=True, slots=True)
class Performance:
    """Performs chapters in front of a teller."""

    teller: Teller
    look: Look

    async def perform(self, chapters: Iterable[Chapter]) -> list[Verdict]:
        """Go through all chapters, also after one that failed, and return every verdict."""
        verdicts: list[Verdict] = []
        for number, chapter in enumerate(chapters, start=1):
            self.teller.begin(number, chapter)
            await self.teller.breathe(timedelta(seconds=3))
            for step in chapter.steps:
                verdicts += await self._take(step, chapter.title)
                await self.teller.breathe(timedelta(seconds=1.5))
            await self.teller.breathe(timedelta(seconds=1))
        return verdicts

    async def _take(self, step: Step, title: str) -> list[Verdict]:
        self.teller.step(step)
        before = await self.look()
        try:
            await step.act()
        except (ControlPlaneError, OSError) as error:
            return self._fail(step, title, f"it could not be done: {error}")
        done = _now()
        verdicts: list[Verdict] = []
        for promise in step.promises:
            seen, waited = await self._wait_for(promise, before)
            # What comes first tells how long the operator took, also when it was faster than us.
            timed = waited or (promise.within and not verdicts)
            verdict = Verdict(
                chapter=title,
                promise=promise.words,
                held=seen.holds,
                seen=seen.words,
                after=timedelta(seconds=_now() - done) if timed else None,
            )
            self.teller.judge(verdict)
            verdicts.append(verdict)
        return verdicts

    async def _wait_for(self, promise: Promise, before: Sight) -> tuple[Seen, bool]:
        """Look until the promise holds or its time is up; also tell whether it took waiting."""
        deadline = _now() + promise.within.total_seconds()
        waited = False
        while True:
            seen = promise.check(before, await self.look())
            if seen.holds or _now() >= deadline:
                return seen, waited
            self.teller.wait(promise, seen)
            await asyncio.sleep(_PAUSE)
            waited = True

    def _fail(self, step: Step, title: str, why: str) -> list[Verdict]:
        verdicts = [
            Verdict(chapter=title, promise=promise.words, held=False, seen=why)
            for promise in step.promises
        ]
        for verdict in verdicts:
            self.teller.judge(verdict)
        return verdicts


async def wait_until(look: Look, check: Check, within: timedelta) -> None:
    """Look until something holds that a step is to begin with.

    Raises:
        ControlPlaneError: it does not in time; says what was seen last.
    """
    deadline = _now() + within.total_seconds()
    before = now = await look()
    while not (seen := check(before, now)).holds:
        if _now() >= deadline:
            raise ControlPlaneError(f"{seen.words}, even after {within.total_seconds():.0f} s")
        await asyncio.sleep(_PAUSE)
        now = await look()


def all_held(verdicts: Sequence[Verdict]) -> bool:
    """Tell whether every promise was kept; nothing promised is nothing kept."""
    return bool(verdicts) and all(verdict.held for verdict in verdicts)


def _now() -> float:
    return asyncio.get_running_loop().time()
