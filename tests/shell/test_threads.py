"""Threads that calls hang in: who gets one, who waits, and what a region cannot take."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest

from ecr_secrets.aws.threads import Threads
from tests.fakes.eventually import eventually

A, B, C, D = "eu-west-1", "us-east-1", "us-west-2", "ap-south-1"
NUMBER = 8  # threads


class Calls:
    """Calls that hang until they are told to end."""

    def __init__(self) -> None:
        self.threads = Threads(NUMBER)
        self.begun: list[str] = []
        self._ends: dict[str, threading.Event] = {}

    @property
    def of_regions(self) -> dict[str, int]:
        """How many have begun, by region."""
        return dict(Counter(name.rpartition(" ")[0] for name in self.begun))

    def make(self, region: str, number: int = 1) -> list[asyncio.Task[str]]:
        """Make calls, named "region 1" and so on."""
        first = sum(name.startswith(region) for name in self._ends) + 1
        names = [f"{region} {count}" for count in range(first, first + number)]
        self._ends |= {name: threading.Event() for name in names}
        return [asyncio.create_task(self._run(name, region)) for name in names]

    async def settle(self, number: int) -> None:
        """Wait until that many calls have begun, and see that it stays so."""
        await eventually(partial(self.has_begun, number))
        await asyncio.sleep(0.05)  # for one too many to begin
        assert len(self.begun) == number

    def has_begun(self, number: int) -> bool:
        """Tell whether that many calls have begun."""
        return len(self.begun) >= number

    def end(self, *names: str) -> None:
        """Have calls end; without names, all."""
        for name in names or self._ends:
            self._ends[name].set()

    async def _run(self, name: str, region: str) -> str:
        return await self.threads.run(lambda: self._hang(name), region=region)

    def _hang(self, name: str) -> str:
        self.begun.append(name)
        self._ends[name].wait()
        return name


@pytest.fixture
def calls() -> Iterator[Calls]:
    """Eight threads, and calls for them; no call outlives the test."""
    made = Calls()
    yield made
    made.end()


@pytest.mark.parametrize(
    ("asked", "begun"),
    [
        pytest.param({A: 3}, {A: 3}, id="fewer-than-half"),
        pytest.param({A: 4}, {A: 4}, id="half"),
        pytest.param({A: 5}, {A: 4}, id="more-than-half"),
        pytest.param({A: 64, B: 1}, {A: 4, B: 1}, id="a-crowd-and-another"),
        pytest.param({A: 64, B: 64}, {A: 4, B: 2}, id="two-crowds"),
        pytest.param({A: 2, B: 2, C: 2, D: 64}, {A: 2, B: 2, C: 2, D: 1}, id="the-last-but-one"),
    ],
)
async def test_a_region_takes_no_more_than_it_leaves(
    calls: Calls, asked: dict[str, int], begun: dict[str, int]
) -> None:
    """Whatever is asked of regions that hang, a thread is left for one that nobody asks yet."""
    for region, number in asked.items():
        calls.make(region, number)
        await asyncio.sleep(0)

    await calls.settle(sum(begun.values()))

    assert calls.of_regions == begun


async def test_the_region_with_the_fewest_goes_next(calls: Calls) -> None:
    """What one region gives back goes to the one that has the least."""
    calls.make(A, 5)
    await calls.settle(4)
    calls.make(B, 5)
    await calls.settle(6)

    calls.end(f"{A} 1")
    await calls.settle(7)

    assert calls.of_regions == {A: 4, B: 3}


async def test_of_a_region_the_first_goes_first(calls: Calls) -> None:
    """Every call has its turn, in the order of their coming, and its own result."""
    made = calls.make(A, 20)

    names = [f"{A} {count}" for count in range(1, 21)]
    await calls.settle(4)
    for ended, name in enumerate(names[:16], start=1):
        calls.end(name)
        await eventually(partial(calls.has_begun, 4 + ended))
    calls.end()

    assert await asyncio.gather(*made) == names
    assert sorted(calls.begun[:4]) + calls.begun[4:] == names


async def test_who_gives_up_in_line_is_passed_over(calls: Calls) -> None:
    """A call that nobody waits for any more is never begun."""
    made = calls.make(A, 6)
    await calls.settle(4)
    made[4].cancel()

    calls.end(f"{A} 1")
    await calls.settle(5)

    assert calls.begun[-1] == f"{A} 6"


async def test_a_thread_that_nobody_waits_for_still_counts(calls: Calls) -> None:
    """A region that hangs gets no more threads because its callers lose patience."""
    impatient = calls.make(A, 4)
    await calls.settle(4)
    for task in impatient:
        task.cancel()
    await asyncio.wait(impatient)

    calls.make(A, 4)
    await calls.settle(4)

    assert calls.of_regions == {A: 4}


async def test_a_failure_reaches_its_caller(calls: Calls) -> None:
    """What a call raises, its caller gets; the thread is there for the next."""

    def fail() -> None:
        raise ValueError("no")

    for _ in range(NUMBER):
        with pytest.raises(ValueError, match="no"):
            await calls.threads.run(fail, region=A)


async def test_the_end_cancels_who_waits(calls: Calls) -> None:
    """Calls in line end with the threads, without a thread; those that have begun go on."""
    made = calls.make(A, 6)
    await calls.settle(4)

    calls.threads.close()
    await asyncio.wait(made[4:], timeout=10)
    calls.end()
    outcomes = await asyncio.gather(*made, return_exceptions=True)

    assert outcomes[:4] == [f"{A} {count}" for count in range(1, 5)]
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes[4:])
