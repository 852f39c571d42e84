"""The work queue, in virtual time: every wait is exact, and none takes long."""

import asyncio
import itertools
import tracemalloc
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_secrets.kube.workqueue import QueueClosedError, WorkQueue
from tests.fakes.virtual_time import run_in_virtual_time

FLOOR = timedelta(seconds=1)
CAP = timedelta(seconds=60)


def a_queue(fraction: float = 0.0) -> WorkQueue[str]:
    """Make a queue whose jitter is known."""
    return WorkQueue(floor=FLOOR, cap=CAP, random=lambda: fraction)


def seconds(number: float) -> timedelta:
    """Write a span shortly."""
    return timedelta(seconds=number)


def now() -> float:
    """Read the virtual clock."""
    return asyncio.get_running_loop().time()


async def taken(queue: WorkQueue[str], count: int) -> list[tuple[float, str]]:
    """Take that many keys, each finished at once, and say when each was handed out."""
    handed_out = []
    for _ in range(count):
        key = await queue.take()
        handed_out.append((now(), key))
        queue.done(key)
    return handed_out


async def nothing_is_due(queue: WorkQueue[str]) -> bool:
    """Tell whether a worker that waits ten days goes away empty-handed."""
    try:
        async with asyncio.timeout(864_000):
            await queue.take()
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize(
    ("adds", "expected"),
    [
        pytest.param([("a", 0)], [(0, "a")], id="at-once"),
        pytest.param([("a", 5)], [(5, "a")], id="delayed"),
        pytest.param([("a", 5), ("b", 2), ("c", 9)], [(2, "b"), (5, "a"), (9, "c")], id="earliest"),
        pytest.param([("b", 0), ("a", 0)], [(0, "b"), (0, "a")], id="equal-first-come"),
        pytest.param([("a", 0), ("a", 0)], [(0, "a")], id="twice-is-once"),
        pytest.param([("a", 5), ("a", 0)], [(0, "a")], id="an-earlier-one-overtakes"),
        pytest.param([("a", 0), ("a", 5)], [(0, "a")], id="a-later-one-changes-nothing"),
        pytest.param([("a", 21_600), ("a", 5)], [(5, "a")], id="brought-forward"),
    ],
)
def test_when_keys_are_handed_out(
    adds: list[tuple[str, float]], expected: list[tuple[float, str]]
) -> None:
    """Each key is handed out once, when it is due, the earliest first."""

    async def scenario() -> None:
        queue = a_queue()
        for key, after in adds:
            queue.add(key, seconds(after))

        handed_out = await taken(queue, len(expected))

        assert handed_out == expected
        assert await nothing_is_due(queue)

    run_in_virtual_time(scenario())


@pytest.mark.parametrize(
    ("adds", "expected"),
    [
        pytest.param([0], 10, id="due-when-done"),
        pytest.param([4], 10, id="due-while-worked-on"),
        pytest.param([15], 15, id="due-later"),
        pytest.param([15, 12], 12, id="earliest-wins"),
        pytest.param([12, 15], 12, id="earliest-wins-in-any-order"),
    ],
)
def test_a_key_added_while_it_is_worked_on(adds: list[float], expected: float) -> None:
    """A change during the work is seen after it, once, and never by a second worker meanwhile."""

    async def scenario() -> None:
        queue = a_queue()
        queue.add("a")
        key = await queue.take()
        async with asyncio.TaskGroup() as group:
            second_worker = group.create_task(taken(queue, 1))
            for after in adds:
                queue.add("a", seconds(after))
            await asyncio.sleep(10)
            queue.done(key)

        assert second_worker.result() == [(expected, "a")]
        assert await nothing_is_due(queue)

    run_in_virtual_time(scenario())


def test_a_waiting_worker_wakes_for_an_earlier_key() -> None:
    """A worker that waits for a key of tomorrow serves one that is added meanwhile."""

    async def scenario() -> None:
        queue = a_queue()
        queue.add("tomorrow", seconds(86_400))
        async with asyncio.TaskGroup() as group:
            worker = group.create_task(taken(queue, 3))
            await asyncio.sleep(1)
            queue.add("soon", seconds(5))
            await asyncio.sleep(1)
            queue.add("now")

        assert worker.result() == [(2, "now"), (6, "soon"), (86_400, "tomorrow")]

    run_in_virtual_time(scenario())


@pytest.mark.parametrize("moment", ["before the key is due", "as the key falls due"])
def test_a_cancelled_take_loses_nothing(moment: str) -> None:
    """A worker that is cancelled at any moment leaves the key to the next one."""

    async def scenario() -> None:
        queue = a_queue()
        async with asyncio.TaskGroup() as group:
            cancelled = group.create_task(queue.take())
            other = group.create_task(taken(queue, 1))
            await asyncio.sleep(1)
            if moment == "as the key falls due":
                queue.add("a")
            cancelled.cancel()
            await asyncio.sleep(1)
            queue.add("a")

        assert [key for _, key in other.result()] == ["a"]

    run_in_virtual_time(scenario())


def test_retries_back_off_per_key() -> None:
    """A key that keeps failing is tried ever less often, up to a cap, and delays no other key."""
    queue_delays = [1, 2, 4, 8, 16, 32, 60, 60]  # floor, plus a span of which the jitter takes 0

    async def scenario() -> None:
        queue = WorkQueue[str](floor=FLOOR, cap=CAP, random=lambda: 1 - 1e-9)
        delays = [queue.retry("bad") for _ in queue_delays]
        other = queue.retry("other")

        expected = [min(1 + span, 60) for span in queue_delays]
        assert [round(delay.total_seconds(), 3) for delay in delays] == expected
        assert round(other.total_seconds(), 3) == 2

    run_in_virtual_time(scenario())


def test_retry_hands_the_key_out_after_the_delay_it_returns() -> None:
    """What `retry` says is what happens."""

    async def scenario() -> None:
        queue = a_queue(fraction=0.5)
        queue.add("a")
        key = await queue.take()
        delay = queue.retry(key)
        queue.done(key)

        assert delay == seconds(1.5)
        assert await taken(queue, 1) == [(1.5, "a")]

    run_in_virtual_time(scenario())


def test_success_forgets_failures() -> None:
    """After a success the next failure is retried soon again."""

    async def scenario() -> None:
        queue = a_queue(fraction=0.5)
        first = queue.retry("a")
        queue.retry("a")
        queue.forget("a")

        assert queue.retry("a") == first

    run_in_virtual_time(scenario())


def test_depth_counts_what_waits_for_a_worker() -> None:
    """Neither a key of later nor one that is worked on is a backlog."""

    async def scenario() -> None:
        queue = a_queue()
        queue.add("worked on")
        await queue.take()
        queue.add("worked on")
        queue.add("due")
        queue.add("due soon", seconds(5))
        queue.add("later", seconds(6))
        await asyncio.sleep(5)

        assert len(queue) == 2

    run_in_virtual_time(scenario())


def test_done_without_take_is_a_mistake() -> None:
    """A worker that finishes what it was not given is told so, not believed."""

    async def scenario() -> None:
        queue = a_queue()
        queue.add("a")

        with pytest.raises(KeyError):
            queue.done("a")

    run_in_virtual_time(scenario())


def test_closing_lets_workers_finish_and_sends_them_home() -> None:
    """On SIGTERM what is worked on is finished, and nothing more is begun."""

    async def scenario() -> None:
        queue = a_queue()
        queue.add("worked on")
        queue.add("due")
        key = await queue.take()
        queue.done(await queue.take())
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(_is_sent_home(queue))
            await asyncio.sleep(1)
            queue.add("due", seconds(3))
            queue.close()
            idle = group.create_task(queue.wait_idle())
            await asyncio.sleep(1)

            assert waiting.done()
            assert not idle.done()

            queue.add("added late")
            queue.done(key)

        assert waiting.result()
        assert await _is_sent_home(queue)

    run_in_virtual_time(scenario())


async def _is_sent_home(queue: WorkQueue[str]) -> bool:
    try:
        await queue.take()
    except QueueClosedError:
        return True
    return False


def test_bringing_forward_leaves_nothing_behind() -> None:
    """A key that is due in six hours and brought forward every second does not pile up memory."""

    async def scenario() -> int:
        queue = a_queue()
        tracemalloc.start()
        for _ in range(5_000):
            queue.add("a", seconds(21_600))
            queue.add("a")
            queue.done(await queue.take())
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size

    assert run_in_virtual_time(scenario()) < 100_000  # bytes; 5,000 entries take about 800,000


class Model:
    """What the queue promises, told naively: the promises are checked at every hand-out."""

    def __init__(self) -> None:
        self.due: dict[str, float] = {}
        self.active: set[str] = set()
        self.again: dict[str, float] = {}
        self.free_since: dict[str, float] = {}

    def add(self, key: str, after: float) -> None:
        where = self.again if key in self.active else self.due
        where[key] = min(now() + after, where.get(key, now() + after))

    def take(self, key: str, idle_since: float) -> None:
        assert key not in self.active, "two workers on one key"
        assert self.due[key] == min(self.due.values()), "an earlier key was passed over"
        on_time = max(self.due[key], idle_since, self.free_since.get(key, 0))
        assert now() == on_time, "handed out early or late"
        del self.due[key]
        self.active.add(key)

    def done(self, key: str) -> None:
        self.active.remove(key)
        self.free_since[key] = now()
        if key in self.again:
            self.due[key] = self.again.pop(key)


# Multiples of a quarter: floats add them up exactly, and few distinct ones make coincidences.
_SPANS = st.integers(0, 12).map(lambda quarters: quarters / 4)
_KEYS = st.sampled_from("abcd")
_ADDS = st.lists(st.tuples(_SPANS, _KEYS, _SPANS), max_size=25)  # pause before, key, delay
_WORK = st.lists(st.tuples(_SPANS, _SPANS), min_size=1, max_size=6)  # patience, work: in turn


@given(adds=_ADDS, work=_WORK, workers=st.integers(1, 3))
def test_any_interleaving_keeps_the_promises(
    adds: list[tuple[float, str, float]], work: list[tuple[float, float]], workers: int
) -> None:
    """No key is lost, late, passed over or worked on twice at once, whoever gives up waiting."""

    async def worker(queue: WorkQueue[str], model: Model, habits: Iterator[Any]) -> None:
        idle_since = now()
        for patience, work_time in habits:
            try:
                async with asyncio.timeout(patience + 0.25):
                    key = await queue.take()
            except TimeoutError:
                continue
            except QueueClosedError:
                return
            model.take(key, idle_since)
            await asyncio.sleep(work_time)
            model.done(key)
            queue.done(key)
            idle_since = now()

    async def scenario() -> None:
        queue, model = a_queue(), Model()
        habits = itertools.cycle(work)
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(worker(queue, model, habits))
            for pause, key, after in adds:
                await asyncio.sleep(pause)
                model.add(key, after)
                queue.add(key, seconds(after))
            await asyncio.sleep(1_000)
            queue.close()

        assert (model.due, model.active, model.again) == ({}, set(), {})

    run_in_virtual_time(scenario())


def test_the_clock_of_these_tests_is_exact() -> None:
    """Virtual time passes by exactly what is waited for, and a deadlock is an error."""

    async def scenario() -> float:
        await asyncio.sleep(86_400)
        return now()

    async def deadlock() -> None:
        await asyncio.Event().wait()

    assert run_in_virtual_time(scenario()) == 86_400
    with pytest.raises(RuntimeError, match="deadlock"):
        _run_quietly(deadlock())


def _run_quietly(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        run_in_virtual_time(coroutine)
    finally:
        coroutine.close()
