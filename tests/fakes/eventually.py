"""Waiting for a condition instead of for luck."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

_PAUSE = 0.01  # seconds


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]], *, within: float = 10
) -> None:
    """Return as soon as the condition holds.

    Args:
        within: seconds after which the test is given up.

    Raises:
        AssertionError: it did not hold in time.
    """
    try:
        async with asyncio.timeout(within):
            while not await _holds(condition):  # noqa: ASYNC110 - a condition is not an event
                await asyncio.sleep(_PAUSE)
    except TimeoutError:
        raise AssertionError(f"not within {within} s: {inspect.getsource(condition)}") from None


async def _holds(condition: Callable[[], bool | Awaitable[bool]]) -> bool:
    answer = condition()
    return answer if isinstance(answer, bool) else await answer
