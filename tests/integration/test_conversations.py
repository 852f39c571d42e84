"""A server of the tests leaves no connection open, whenever it ends."""

import asyncio

from tests.fakes.conversations import Conversations


async def _forever(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _is_cut(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


async def test_a_connection_that_was_about_to_be_served_is_cut() -> None:
    """Its task is cancelled before its first step."""
    conversations = Conversations(_forever)
    accepted = asyncio.get_running_loop().create_future()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set_result(None)  # whoever waits for it comes before the task made here
        conversations.begin(reader, writer)

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    async with server, asyncio.timeout(10):
        await accepted
        await conversations.end()
        cut = await _is_cut(reader)
        writer.close()

    assert cut


async def test_a_connection_that_was_let_in_before_the_end_is_cut() -> None:
    """The system had accepted it, and the server hears of it when all is over."""
    conversations = Conversations(_forever)
    server = await asyncio.start_server(conversations.begin, "127.0.0.1", 0)
    async with server, asyncio.timeout(10):
        await conversations.end()
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        cut = await _is_cut(reader)
        writer.close()

    assert cut
