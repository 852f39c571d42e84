"""Chapters are performed to their end, and judged by what is seen alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from testbed.demo.chapter import (
    Chapter,
    Performance,
    Promise,
    Seen,
    Step,
    Verdict,
    all_held,
    wait_until,
)
from testbed.demo.command import conclude
from testbed.demo.play import Ending
from testbed.demo.sight import Sight
from testbed.errors import ControlPlaneError
from tests.fakes.virtual_time import run_in_virtual_time
from tests.testbed.demo_sights import a_sight

_PATIENCE = timedelta(seconds=15)


@dataclass
class Silent:
    """A teller that remembers the verdicts it is told."""

    judged: list[Verdict] = field(default_factory=list)

    def begin(self, number: int, chapter: Chapter) -> None: ...

    def step(self, step: Step) -> None: ...

    def wait(self, promise: Promise, seen: Seen) -> None: ...

    def judge(self, verdict: Verdict) -> None:
        self.judged.append(verdict)

    async def breathe(self, span: timedelta) -> None: ...


class World:
    """A world in which AWS is called once more with every look."""

    def __init__(self) -> None:
        self.calls = 0

    async def look(self) -> Sight:
        self.calls += 1
        return a_sight(aws_calls=self.calls)


def calls_reach(number: int) -> Callable[[Sight, Sight], Seen]:
    """Check the world above."""
    return lambda _, now: Seen(f"{now.aws_calls} calls", now.aws_calls >= number)


def never(_: Sight, now: Sight) -> Seen:
    """Check for what does not come."""
    return Seen("nothing")


def a_chapter(title: str, *promises: Promise) -> Chapter:
    """Return a chapter of one step."""
    return Chapter(title=title, words="", steps=(Step(words="", promises=promises),))


def perform(*chapters: Chapter) -> list[tuple[str, bool, str]]:
    """Perform chapters in a new world; return promise, whether it held, and what was seen."""
    teller = Silent()
    verdicts = run_in_virtual_time(Performance(teller, World().look).perform(chapters))
    assert teller.judged == verdicts
    return [(verdict.promise, verdict.held, verdict.seen) for verdict in verdicts]


def test_a_promise_is_waited_for() -> None:
    """What takes a moment is not a failure."""
    found = perform(a_chapter("", Promise(words="a", check=calls_reach(4), within=_PATIENCE)))

    assert found == [("a", True, "4 calls")]


def test_a_promise_without_patience_is_judged_by_one_look() -> None:
    """What has to hold all the time is not given the time to heal."""
    found = perform(a_chapter("", Promise(words="a", check=calls_reach(4))))

    assert found == [("a", False, "2 calls")]


def test_a_broken_promise_ends_neither_its_step_nor_the_demo() -> None:
    """Whoever watches gets to see everything, and everything that does not hold."""
    broken = Promise(words="a", check=never, within=_PATIENCE)

    found = perform(
        a_chapter("1", broken, Promise(words="b", check=calls_reach(1))),
        a_chapter("2", Promise(words="c", check=calls_reach(1))),
    )

    assert [(promise, held) for promise, held, _ in found] == [
        ("a", False),
        ("b", True),
        ("c", True),
    ]
    assert found[0][2] == "nothing"


@pytest.mark.parametrize("error", [ControlPlaneError("refused"), ConnectionError("refused")])
def test_what_could_not_be_done_keeps_no_promise(error: Exception) -> None:
    """A step that the API server refuses counts as failed, and the next one is taken."""

    async def refuse() -> None:
        raise error

    kept = Promise(words="a", check=calls_reach(1))
    steps = (Step(words="", act=refuse, promises=(kept,)), Step(words="", promises=(kept,)))

    found = perform(Chapter(title="", words="", steps=steps))

    assert [(held, seen) for _, held, seen in found] == [
        (False, "it could not be done: refused"),
        (True, "3 calls"),
    ]


def test_a_step_may_wait_for_its_moment() -> None:
    """What has to be so before something is done is looked for as long as it takes."""
    world = World()

    run_in_virtual_time(wait_until(world.look, calls_reach(4), _PATIENCE))

    assert world.calls == 4


def test_a_moment_that_does_not_come_is_named() -> None:
    """A step that has waited in vain says for what, and keeps none of its promises."""

    async def wait_in_vain() -> None:
        await wait_until(World().look, never, _PATIENCE)

    promise = Promise(words="a", check=calls_reach(1))
    steps = (Step(words="", act=wait_in_vain, promises=(promise,)),)

    found = perform(Chapter(title="", words="", steps=steps))

    assert found == [("a", False, "it could not be done: nothing, even after 15 s")]


def test_a_promise_is_compared_with_what_was_before_the_step() -> None:
    """What came about earlier is not taken for the operator's answer."""
    compared: list[tuple[int, int]] = []

    def check(before: Sight, now: Sight) -> Seen:
        compared.append((before.aws_calls, now.aws_calls))
        return Seen("", holds=True)

    promise = Promise(words="", check=check)

    perform(a_chapter("", promise, promise), a_chapter("", promise))

    assert compared == [(1, 2), (1, 3), (4, 5)]


def test_a_verdict_tells_how_long_the_operator_took() -> None:
    """Counted from the step on, for what comes first and for what had to be waited for."""
    promises = [
        Promise(words="first", check=calls_reach(1), within=_PATIENCE),
        Promise(words="there already", check=calls_reach(1), within=_PATIENCE),
        Promise(words="waited for", check=calls_reach(7), within=_PATIENCE),
        Promise(words="not about time", check=never),
    ]
    teller = Silent()

    run_in_virtual_time(Performance(teller, World().look).perform([a_chapter("", *promises)]))

    assert [
        verdict.after and round(verdict.after / timedelta(seconds=0.1)) for verdict in teller.judged
    ] == [timedelta(), None, 3, None]


HELD = Verdict(chapter="1", promise="a", held=True, seen="all")
BROKEN = Verdict(chapter="1", promise="b", held=False, seen="none")


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        pytest.param((HELD, HELD), True, id="all"),
        pytest.param((HELD, BROKEN), False, id="one-broken"),
        pytest.param((), False, id="nothing-shown"),
    ],
)
def test_all_held(verdicts: tuple[Verdict, ...], expected: bool) -> None:
    """One broken promise is a broken demo; showing nothing proves nothing."""
    assert all_held(verdicts) is expected


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        pytest.param(HELD, "all", id="no-waiting"),
        pytest.param(
            Verdict(chapter="", promise="", held=True, seen="all", after=timedelta(seconds=0.04)),
            "all, at once",
            id="sooner-than-can-be-told",
        ),
        pytest.param(
            Verdict(chapter="", promise="", held=True, seen="all", after=timedelta(seconds=1.26)),
            "all, after 1.3 s",
            id="waited-for",
        ),
    ],
)
def test_evidence(verdict: Verdict, expected: str) -> None:
    """A verdict says what was seen, and how long it took where that matters."""
    assert verdict.evidence == expected


@pytest.mark.parametrize(
    ("verdicts", "code", "words"),
    [
        pytest.param((HELD,), 0, ["✔ All promises held, 1 of 1."], id="all-held"),
        pytest.param(
            (HELD, BROKEN),
            1,
            ["✘  b", "none", "1 of 2 promises did not hold", "last words", "it broke"],
            id="one-broken",
        ),
        pytest.param(None, 130, ["Left before the end"], id="left"),
    ],
)
def test_the_exit_code_says_what_the_summary_says(
    verdicts: tuple[Verdict, ...] | None, code: int, words: list[str]
) -> None:
    """CI goes by the exit code, people by the words; a failure shows the operator's log."""
    written = StringIO()
    ending = Ending(verdicts=verdicts, sight=a_sight(), operator_log="it began\nit broke\n")

    found = conclude(Console(file=written, width=100), ending)

    assert found == code
    assert [word for word in words if word not in written.getvalue()] == []
