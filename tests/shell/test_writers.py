"""Writes are bounded at once and per second, and the soonest expiry goes first."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from ecr_secrets.controller.allowance import Allowance
from ecr_secrets.controller.writers import FOR_PODS, Writers
from ecr_secrets.errors import ConflictError
from tests.fakes.virtual_time import run_in_virtual_time

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Bench:
    """Writers at work, and what they have done."""

    def __init__(self, *, at_once: int, per_second: float = 0) -> None:
        self.writers = Writers(at_once=at_once, per_second=per_second)
        self.order: list[int] = []
        self.most_at_once = 0
        self._now = 0

    async def write(self, number: int) -> None:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        self.order.append(number)
        await asyncio.sleep(1)
        self._now -= 1

    def submit(self, number: int) -> asyncio.Future[None]:
        expires_at = NOON + timedelta(hours=number)
        return self.writers.submit(partial(self.write, number), expires_at=expires_at)

    def begin(self, number: int) -> asyncio.Future[None]:
        return self.writers.begin(partial(self.write, number), now=NOON)


async def _run(bench: Bench, numbers: list[int]) -> float:
    """Have writes done, and return how long that took."""
    futures = [bench.submit(number) for number in numbers]
    began = asyncio.get_running_loop().time()
    work = asyncio.create_task(bench.writers.run())
    await asyncio.gather(*futures)
    work.cancel()
    return asyncio.get_running_loop().time() - began


def test_what_expires_soonest_is_written_first() -> None:
    """When there is more to write than can be written, the most pressing is not behind the rest."""
    bench = Bench(at_once=1)

    run_in_virtual_time(_run(bench, [3, 1, 2]))

    assert bench.order == [1, 2, 3]


def test_no_more_are_under_way_than_allowed() -> None:
    """10,000 namespaces must not become 10,000 requests at once."""
    bench = Bench(at_once=4)

    run_in_virtual_time(_run(bench, list(range(20))))

    assert bench.most_at_once == 4


def test_no_more_are_begun_per_second_than_allowed() -> None:
    """After a burst as large as the number at once, the rate holds."""
    bench = Bench(at_once=4, per_second=1)

    took = run_in_virtual_time(_run(bench, list(range(10))))

    assert took == pytest.approx(7, abs=0.01)  # 4 at once, then 6 with a second between, 1 to do


async def _with_urgent(bench: Bench, usual: int, urgent: int) -> float:
    """Have writes done, some urgent ones after they have begun, and return how long that took."""
    loop = asyncio.get_running_loop()
    work = asyncio.create_task(bench.writers.run())
    futures = [bench.submit(number) for number in range(usual)]
    await asyncio.sleep(0.5)
    futures += [bench.begin(usual + number) for number in range(urgent)]
    await asyncio.gather(*futures)
    work.cancel()
    return loop.time()


@pytest.mark.parametrize("urgent", [1, FOR_PODS])
def test_an_urgent_write_waits_for_no_worker(urgent: int) -> None:
    """Two usual ones keep the one worker for two seconds; urgent ones begin after half a one."""
    bench = Bench(at_once=1)

    assert run_in_virtual_time(_with_urgent(bench, 2, urgent)) == pytest.approx(2)
    assert bench.order == [0, *range(2, 2 + urgent), 1]
    assert bench.most_at_once == 1 + urgent


def test_a_place_is_free_when_its_write_has_returned() -> None:
    """Whether its pass still waits for it or not."""
    bench = Bench(at_once=1)

    async def scenario() -> list[bool]:
        work = asyncio.create_task(bench.writers.run())
        await asyncio.sleep(0)
        free = [bench.writers.has_place]
        for number in range(FOR_PODS):
            bench.begin(number).cancel()
            free.append(bench.writers.has_place)
        await asyncio.sleep(0)
        futures = [bench.begin(number) for number in range(FOR_PODS)]
        await asyncio.sleep(0.5)
        futures[0].cancel()
        free.append(bench.writers.has_place)
        await asyncio.sleep(1)
        free.append(bench.writers.has_place)
        work.cancel()
        return free

    assert run_in_virtual_time(scenario()) == [*[True] * FOR_PODS, False, False, True]


def test_urgent_writes_keep_to_the_rate() -> None:
    """The limit is there to protect the API server, whoever waits."""
    bench = Bench(at_once=1, per_second=1)

    took = run_in_virtual_time(_with_urgent(bench, 1, 2))

    assert took == pytest.approx(3, abs=0.01)  # one each second, the last takes a second


def test_an_urgent_write_that_is_taken_back_is_not_done() -> None:
    """Its pass was over before it was allowed."""
    bench = Bench(at_once=1, per_second=1)

    async def scenario() -> None:
        work = asyncio.create_task(bench.writers.run())
        await asyncio.sleep(0)
        futures = [bench.begin(number) for number in range(2)]
        futures[1].cancel()
        await asyncio.wait(futures)
        await asyncio.sleep(5)
        work.cancel()

    run_in_virtual_time(scenario())

    assert bench.order == [0]


def test_a_write_that_is_taken_back_is_not_done() -> None:
    """A pass that is over takes back what has not begun."""
    bench = Bench(at_once=1)

    async def scenario() -> None:
        taken_back, kept = bench.submit(1), bench.submit(2)
        taken_back.cancel()
        work = asyncio.create_task(bench.writers.run())
        await kept
        work.cancel()

    run_in_virtual_time(scenario())

    assert bench.order == [2]


def test_a_failure_reaches_who_waits_and_ends_no_worker() -> None:
    """One write that fails is its submitter's business alone."""
    bench = Bench(at_once=1)

    async def fail() -> None:
        raise ConflictError("secrets shop/ecr-login: changed")

    async def scenario() -> BaseException | None:
        failed = bench.writers.submit(fail, expires_at=NOON)
        good = bench.submit(1)
        work = asyncio.create_task(bench.writers.run())
        await asyncio.wait([failed, good])
        work.cancel()
        return failed.exception()

    error = run_in_virtual_time(scenario())

    assert isinstance(error, ConflictError)
    assert bench.order == [1]


def test_a_bug_nobody_waits_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A write that outlived its pass and crashed must not pass unheard."""
    bench = Bench(at_once=1)

    async def crash() -> None:
        await asyncio.sleep(1)
        raise ZeroDivisionError

    async def scenario() -> None:
        late = bench.writers.submit(crash, expires_at=NOON)
        work = asyncio.create_task(bench.writers.run())
        await asyncio.sleep(0.5)
        late.cancel()
        await asyncio.sleep(1)
        work.cancel()

    run_in_virtual_time(scenario())

    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "write crashed"
    ]


@pytest.mark.parametrize(
    ("at", "wait"),
    [
        pytest.param(0.0, 0.5, id="at-once"),
        pytest.param(0.25, 0.25, id="half-way"),
        pytest.param(0.5, 0.0, id="exactly-then"),
        pytest.param(9.0, 0.0, id="long-after"),
    ],
)
def test_an_allowance_comes_back_at_its_rate(at: float, wait: float) -> None:
    """Two a second: the next is there half a second after the last."""
    allowance = Allowance(per_second=2, burst=1)
    allowance.take(0.0)

    assert allowance.take(at) == pytest.approx(wait)


def test_an_unused_allowance_adds_up_to_the_burst_only() -> None:
    """A quiet night is not followed by a storm."""
    allowance = Allowance(per_second=1, burst=3)
    allowance.take(0.0)

    taken = sum(allowance.take(1000.0) == 0 for _ in range(10))

    assert taken == 3


def test_it_is_told_when_all_that_was_begun_has_returned() -> None:
    """What has not begun, and is taken back, is not waited for."""

    async def scenario() -> float:
        bench = Bench(at_once=2)
        futures = [bench.submit(number) for number in range(5)]
        work = asyncio.create_task(bench.writers.run())
        await asyncio.sleep(0.5)
        for future in futures[2:]:
            future.cancel()
        await bench.writers.wait_idle()
        work.cancel()
        assert bench.order == [0, 1]
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(scenario()) == pytest.approx(1)
