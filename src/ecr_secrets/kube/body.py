"""Reads the body of an answer, as a whole or line by line, and never more than is bearable."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import aiohttp

from ecr_secrets.errors import UnavailableError
from ecr_secrets.kube.failures import translated
from ecr_secrets.kube.lines import LineBuffer

_MAX_LINE = 8 << 20  # bytes; etcd refuses requests above 1.5 MiB, so no object is larger


async def read_body(response: aiohttp.ClientResponse, *, limit: int, asked: str) -> bytes:
    """Return the whole body.

    Args:
        limit: the largest body accepted, in bytes.

    Raises:
        UnavailableError: it is larger.
    """
    pieces: list[bytes] = []
    size = 0
    async with response:  # with something left unread, the connection is not used again
        while piece := await response.content.readany():
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise UnavailableError(f"{asked}: answer larger than {limit} bytes")
    return b"".join(pieces)


async def read_lines(
    response: aiohttp.ClientResponse, *, idle_timeout: timedelta, asked: str
) -> AsyncGenerator[bytes, None]:
    """Yield every complete line as it arrives, until the server ends the answer.

    Raises:
        UnavailableError: the answer broke off, also in the middle of a line; a line was too long;
            or nothing came for `idle_timeout`.
    """
    buffer = LineBuffer(_MAX_LINE)
    seconds = idle_timeout.total_seconds()
    try:
        while data := await _next_piece(response, seconds, asked):
            for line in buffer.feed(data):
                yield line
    except OverflowError as error:
        raise UnavailableError(f"{asked}: {error}") from error
    if buffer.pending:
        raise UnavailableError(f"{asked}: the answer broke off in the middle of a line")


async def _next_piece(response: aiohttp.ClientResponse, seconds: float, asked: str) -> bytes:
    with translated(asked, late=f"nothing received for {seconds:g} s"):
        async with asyncio.timeout(seconds):
            return await response.content.readany()
