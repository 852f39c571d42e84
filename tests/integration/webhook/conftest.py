"""These tests run on the event loop of production: its sockets and its TLS are its own."""

import asyncio
import resource
from collections.abc import Callable, Iterator, Mapping

import pytest
import uvloop

_FILES = 4096  # for more than 500 connections, both ends of which are in this process


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Name the loops that each test runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="package", autouse=True)
def _room_for_connections() -> Iterator[None]:
    """Have as many files open as it takes; for ordinary users it is often 1024 unless they ask."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = before
    if 0 <= soft < _FILES:  # negative: as many as one likes
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (_FILES if hard < 0 else min(_FILES, hard), hard)
        )
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
