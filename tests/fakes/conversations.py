"""What a server of the tests says over its connections, so that none outlives it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias

Conversation: TypeAlias = Callable[
    [asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]
]


class Conversations:
    """The connections of one server, each with a task; touched on one event loop only."""

    def __init__(self, converse: Conversation) -> None:
        """Choose what is said; a connection ends with it."""
        self._converse = converse
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._over = False

    def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take over a connection: `asyncio.start_server` calls this."""
        if self._over:  # the system had let it in before the server was closed
            writer.transport.abort()
            return
        self._connections[asyncio.create_task(self._hold(reader, writer))] = writer

    async def end(self) -> None:
        """Break every connection off, those included that have said all and are not read."""
        self._over = True
        for task, writer in self._connections.items():
            if not task.done():  # the transport is there, also if the task never got to begin
                writer.transport.abort()
                task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._connections.clear()
        await asyncio.sleep(0)  # what is aborted is closed by the event loop

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
