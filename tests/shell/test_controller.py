"""The workers outlive every credential, and come back to it in time."""

import asyncio
import logging
from collections.abc import Collection
from datetime import timedelta

import pytest

from ecr_secrets.controller.controller import RETRY_CAP, RETRY_FLOOR, Controller
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import OperatorError, UnavailableError
from ecr_secrets.kube.workqueue import WorkQueue
from tests.fakes.virtual_time import run_in_virtual_time

TARGET = ObjectKey("shop", "ecr-login")


class Looks:
    """What a controller looked at, and when."""

    def __init__(self, *answers: timedelta | Exception | None) -> None:
        self.answers = list(answers)
        self.at: list[float] = []
        self.told: list[tuple[str, str]] = []
        self.first: list[Collection[ObjectKey]] = []

    def tell(self, name: str, error: OperatorError) -> None:
        self.told.append((name, error.reason))

    async def reconcile(self, name: str, first: Collection[ObjectKey]) -> timedelta | None:
        self.at.append(asyncio.get_running_loop().time())
        self.first.append(first)
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer


def _run(looks: Looks, *, seconds: float = 1000) -> None:
    async def scenario() -> None:
        queue: WorkQueue[str] = WorkQueue(floor=RETRY_FLOOR, cap=RETRY_CAP, random=lambda: 0.0)
        controller = Controller(
            looks.reconcile, queue, take_first=lambda _: {TARGET}, tell_failure=looks.tell
        )
        work = asyncio.create_task(controller.run(2))
        queue.add("shop")
        await asyncio.sleep(seconds)
        queue.close()
        await work

    run_in_virtual_time(scenario())


def test_a_look_is_repeated_when_it_says() -> None:
    """One timer per credential, no polling."""
    looks = Looks(timedelta(hours=6), None)

    _run(looks, seconds=7 * 3600)

    assert looks.at == [0.0, 6 * 3600.0]


def test_an_expected_failure_is_retried_and_logged_as_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The API server was away for a moment."""
    looks = Looks(UnavailableError("list secrets: no answer"), None)

    _run(looks)

    assert looks.at == [0.0, RETRY_FLOOR.total_seconds()]
    assert looks.told == [("shop", "ApiServerUnavailable")]
    assert [(record.levelno, record.message) for record in caplog.records] == [
        (logging.WARNING, "reconcile failed")
    ]


def test_a_bug_is_logged_with_its_trace_and_retried(caplog: pytest.LogCaptureFixture) -> None:
    """A worker outlives any one credential."""
    looks = Looks(ZeroDivisionError(), None)

    _run(looks)

    assert len(looks.at) == 2
    assert looks.told == [("shop", "InternalError")]
    (record,) = caplog.records
    assert (record.levelno, record.message) == (logging.ERROR, "reconcile crashed")
    assert record.exc_info


def test_what_changed_is_handed_to_the_look() -> None:
    """So that it comes first."""
    looks = Looks(None)

    _run(looks)

    assert looks.first == [{TARGET}]


def test_a_credential_that_hangs_holds_up_no_other() -> None:
    """Two credentials, two workers: the second is served while the first hangs."""
    served: list[str] = []

    async def reconcile(name: str, _: Collection[ObjectKey]) -> None:
        if name == "hangs":
            await asyncio.sleep(500)
        served.append(name)

    async def scenario() -> timedelta:
        queue: WorkQueue[str] = WorkQueue(floor=RETRY_FLOOR, cap=RETRY_CAP)
        controller = Controller(
            reconcile, queue, take_first=lambda _: (), tell_failure=lambda *_: None
        )
        work = asyncio.create_task(controller.run(2))
        queue.add("hangs")
        queue.add("other")
        await asyncio.sleep(100)
        busy = controller.longest_busy()
        queue.close()
        await work
        return busy

    busy = run_in_virtual_time(scenario())

    assert served == ["other", "hangs"]
    assert busy == timedelta(seconds=100)
