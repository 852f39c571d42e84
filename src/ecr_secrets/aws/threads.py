"""The threads that calls to AWS hang in, shared out so that no region takes them all."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, TypeVar

_T = TypeVar("_T")


class _Call(NamedTuple):
    work: Callable[[], Any]
    answer: asyncio.Future[Any]  # cancelled: nobody waits for it any more


class Threads:
    """Runs calls in threads; a region never holds more of them than it leaves free.

    So one region that hangs holds half of the threads, three come to a quarter each, and a region
    with nothing in the air waits for none of them. Where calls have to wait, that region's goes
    next that holds the fewest threads, and of one region the call that came first.

    State is touched only between awaits of one event loop.
    """

    def __init__(self, number: int) -> None:
        """Prepare for that many calls at once; threads are started as they are needed."""
        self._number = number
        self._pool = ThreadPoolExecutor(number, thread_name_prefix="aws")
        self._held: Counter[str | None] = Counter()  # threads, by region
        self._waiting: dict[str | None, deque[_Call]] = {}  # by region; no line is empty

    async def run(self, work: Callable[[], _T], *, region: str | None) -> _T:
        """Run a call in a thread, when it is its turn.

        A caller that is cancelled gives up its place in line; a thread that has begun goes on, and
        is held by its region until it ends.

        Args:
            region: whose fault it is if the call hangs; None: no region's.
        """
        answer: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(region, deque()).append(_Call(work, answer))
        self._begin()
        return await answer

    def close(self) -> None:
        """Cancel what waits for its turn, and start no more."""
        for line in self._waiting.values():
            for call in line:
                call.answer.cancel()
        self._waiting.clear()
        self._pool.shutdown(wait=False)

    def _begin(self) -> None:
        """Begin all that may begin."""
        while self._waiting:
            region = min(self._waiting, key=self._held.__getitem__)
            if self._held[region] >= self._number - self._held.total():
                return
            call = self._next_of(region)
            if call.answer.cancelled():
                continue
            thread = asyncio.wrap_future(self._pool.submit(call.work))
            self._held[region] += 1
            thread.add_done_callback(partial(self._ended, region, call.answer))

    def _next_of(self, region: str | None) -> _Call:
        line = self._waiting[region]
        call = line.popleft()
        if not line:
            del self._waiting[region]
        return call

    def _ended(
        self, region: str | None, answer: asyncio.Future[Any], thread: asyncio.Future[Any]
    ) -> None:
        self._held -= Counter([region])
        error = thread.exception()
        if not answer.cancelled():
            if error is None:
                answer.set_result(thread.result())
            else:
                answer.set_exception(error)
        self._begin()
