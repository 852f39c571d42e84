"""Urgent keys go before all others, and can be taken apart from them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from ecr_secrets.kube.workqueue import WorkQueue
from tests.fakes.virtual_time import run_in_virtual_time

_SPAN = timedelta(seconds=1)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _handed_out(
    prepare: Callable[[WorkQueue[str]], None], *, urgent_only: bool = False
) -> list[tuple[float, str]]:
    """Say which keys one worker is handed within an hour, and when."""

    async def scenario() -> list[tuple[float, str]]:
        queue: WorkQueue[str] = WorkQueue(floor=_SPAN, cap=_SPAN)
        prepare(queue)
        handed_out = []
        try:
            async with asyncio.timeout(3600):
                while True:
                    key = await queue.take(urgent_only=urgent_only)
                    handed_out.append((_now(), key))
                    queue.done(key)
        except TimeoutError:
            return handed_out

    return run_in_virtual_time(scenario())


def _urgent_last(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("b", 5 * _SPAN)
    queue.add("urgent", urgent=True)


def _urgent_later(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("urgent", 5 * _SPAN, urgent=True)


def _becomes_urgent(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("b")
    queue.add("b", 5 * _SPAN, urgent=True)


def _urgent_and_ordinary(queue: WorkQueue[str]) -> None:
    queue.add("a")
    queue.add("b", 5 * _SPAN, urgent=True)
    queue.add("b")


@pytest.mark.parametrize(
    ("prepare", "expected"),
    [
        pytest.param(_urgent_last, [(0, "urgent"), (0, "a"), (5, "b")], id="first"),
        pytest.param(_urgent_later, [(0, "a"), (5, "urgent")], id="not-before-it-is-due"),
        pytest.param(_becomes_urgent, [(0, "b"), (0, "a")], id="no-later-than-it-was-due"),
        pytest.param(_urgent_and_ordinary, [(0, "b"), (0, "a")], id="stays-urgent"),
    ],
)
def test_urgent_keys_go_first_and_each_key_once(
    prepare: Callable[[WorkQueue[str]], None], expected: list[tuple[float, str]]
) -> None:
    """Whatever else is due, and however often a key is added."""
    assert _handed_out(prepare) == expected


def test_who_takes_what_is_urgent_only_gets_nothing_else() -> None:
    """What is due besides is left to others."""
    assert _handed_out(_urgent_last, urgent_only=True) == [(0, "urgent")]
    assert _handed_out(_urgent_later, urgent_only=True) == [(5, "urgent")]


def test_a_key_that_becomes_urgent_while_it_is_worked_on_is_so_afterwards() -> None:
    """Who takes nothing else takes it over."""

    async def scenario() -> str:
        queue: WorkQueue[str] = WorkQueue(floor=_SPAN, cap=_SPAN)
        queue.add("a")
        key = await queue.take()
        queue.add("a", 9 * _SPAN)
        queue.add("a", urgent=True)
        queue.done(key)
        return await queue.take(urgent_only=True)

    assert run_in_virtual_time(scenario()) == "a"


def test_all_that_is_due_is_counted() -> None:
    """For the metric of the queue's depth."""

    async def scenario() -> int:
        queue: WorkQueue[str] = WorkQueue(floor=_SPAN, cap=_SPAN)
        _urgent_last(queue)
        return len(queue)

    assert run_in_virtual_time(scenario()) == 2
