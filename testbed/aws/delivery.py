"""How bytes reach the client: well, or on a connection that goes bad."""

import asyncio
import socket
import struct
from http import HTTPStatus

from aiohttp import web

from testbed.aws.faults import Delivery, Drip, Reset, Truncated
from testbed.aws.wire import Answer


async def deliver(request: web.Request, answer: Answer, how: Delivery) -> web.StreamResponse:
    """Send an answer; the connection is closed after a delivery that goes bad."""
    headers = {**answer.headers, "Content-Type": answer.content_type}
    whole = web.Response(status=answer.status, headers=headers, body=answer.body)
    transport = request.transport
    if transport is None:  # the client has left
        return whole
    match how:
        case Reset():
            reset(transport)
        case Truncated():
            transport.write(_head(answer) + answer.body[: len(answer.body) // 2])
            transport.close()
        case Drip():
            await _drip(transport, answer, how)
        case _:
            pass
    return whole  # not sent where the connection is closed already


def reset(transport: asyncio.WriteTransport) -> None:
    """Drop a connection so that the client sees a reset, not an orderly end."""
    connection = transport.get_extra_info("socket")
    no_linger = struct.pack("ii", 1, 0)  # SO_LINGER on, zero seconds: RST instead of FIN
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
    transport.abort()


async def _drip(transport: asyncio.Transport, answer: Answer, how: Drip) -> None:
    head = _head(answer)
    at_once, slowly = (b"", head + answer.body) if how.head_too else (head, answer.body)
    transport.write(at_once)
    for position in range(len(slowly)):
        if transport.is_closing():
            return
        transport.write(slowly[position : position + 1])
        await asyncio.sleep(how.interval.total_seconds())
    transport.close()


def _head(answer: Answer) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    return "\r\n".join((*lines, "", "")).encode()
