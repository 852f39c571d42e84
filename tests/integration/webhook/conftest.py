"""These tests run on the event loop of production: its sockets and its TLS are its own."""

import asyncio
from collections.abc import Callable, Mapping

import uvloop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Name the loops that each test runs on."""
    return {"uvloop": uvloop.new_event_loop}
