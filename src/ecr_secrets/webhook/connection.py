"""One client's connection: aiohttp's HTTP/1.1, with the deadlines and bounds that aiohttp lacks.

aiohttp waits without end for the rest of a head and for a client that does not read, and shows the
client what exactly it made of a broken request.
"""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web

from ecr_secrets.webhook.limits import Limits
from ecr_secrets.webhook.patience import Patience

log = logging.getLogger(__name__)

_LINGERING = 1.0  # seconds to swallow the rest of a body, so that a client reads our refusal
_BUFFER = 16 * 1024  # bytes of a body, or of answers not taken, before the other side has to wait


class Connection(web.RequestHandler):
    """A connection, from the moment it is accepted until it is gone.

    Of what aiohttp keeps to itself only `_request_count` is read: the heads that are complete.
    """

    def __init__(
        self, server: web.Server, limits: Limits, gone: Callable[["Connection"], None]
    ) -> None:
        """Prepare for a client.

        Args:
            server: the part of aiohttp that all connections share.
            limits: what the client is granted.
            gone: told when an established connection is over.
        """
        settings: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,  # a small body may hide a large one
            "keepalive_timeout": limits.idle.total_seconds(),
            "lingering_time": _LINGERING,
            "max_headers": limits.max_headers,
            "max_field_size": limits.max_head,
            "read_bufsize": _BUFFER,
        }
        super().__init__(server, loop=asyncio.get_running_loop(), **settings)
        self._limits = limits
        self._gone = gone
        self._line: asyncio.Transport | None = None  # None: the handshake is under way
        self._heard = 0  # requests that are complete, their bodies included
        self._answered = 0  # requests
        self._head_size = 0  # bytes of a head that is not complete
        self._rest_of_head = Patience(limits.head, self.abort)
        self._taking = Patience(limits.sending, self.abort)  # of what we have sent
        self._draining = False
        self._leaving = False  # the last answer is sent
        self.waits_since = self._loop.time()  # since its last head or answer, or its coming

    @property
    def established(self) -> bool:
        """Whether the handshake is over."""
        return self._line is not None

    @property
    def busy(self) -> bool:
        """Whether a request has begun that is not answered."""
        return self._request_count > self._answered

    @property
    def being_answered(self) -> bool:
        """Whether a request is complete, and not answered."""
        return self._heard > self._answered

    @property
    def proven(self) -> bool:
        """Whether the client has asked as the API server does, and has been answered."""
        return self._answered > 0 and not self._leaving

    def hear(self) -> None:
        """Note that the body of a request is complete."""
        self._heard += 1

    def drain(self, quiet: float) -> None:
        """End the connection with its next answer, or at once if nothing is to be expected.

        Args:
            quiet: seconds without a request after which none is on its way.
        """
        self._draining = True
        waited = self._loop.time() - self.waits_since
        if self.established and not self.busy and not self._head_size and waited >= quiet:
            self.force_close()

    def abort(self) -> None:
        """End the connection without ceremony."""
        if self._line is not None:
            self._line.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve: the handshake is over."""
        super().connection_made(transport)
        self._line = cast("asyncio.Transport", transport)
        self._line.set_write_buffer_limits(high=_BUFFER)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop serving."""
        super().connection_lost(exc)
        self._rest_of_head.end()
        self._taking.end()
        self._gone(self)

    def data_received(self, data: bytes) -> None:
        """Take what the client sends, and hold it to the limits of a head."""
        busy, complete = self.busy, self._request_count
        super().data_received(data)
        if self._request_count > complete:
            self.waits_since = self._loop.time()
            self._head_size = 0
            self._rest_of_head.end()
            if self._request_count - self._answered > self._limits.pipelined:
                self.close()
        elif data and not busy and not self._leaving:
            self._head_size += len(data)
            self._rest_of_head.begin()
            if self._head_size > self._limits.max_head:
                self.abort()

    def pause_writing(self) -> None:
        """Give the client a while to take what is already sent."""
        super().pause_writing()
        self._taking.begin()

    def resume_writing(self) -> None:
        """Go on, since the client has taken it."""
        super().resume_writing()
        self._taking.end()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer, and note that it is sent."""
        if self._draining:
            resp.force_close()
        result = await super().finish_response(request, resp, start_time)
        self._answered += 1
        self._heard = max(self._heard, self._answered)  # or its body was not worth reading
        self._leaving = not resp.keep_alive
        self.waits_since = self._loop.time()
        return result

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - says what the client sent: nothing to repeat
    ) -> web.StreamResponse:
        """Make the answer to a request that is broken, or that we failed at."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request crashed", exc_info=exc)
        else:
            log.debug("request refused", extra={"error": type(exc).__name__})
        if request.writer.output_size > 0:
            raise ConnectionError("half of an answer is sent, and cannot be taken back")
        return refusal(HTTPStatus(status))

    def log_exception(self, *_: Any, **details: Any) -> None:
        """Log what went wrong outside of an answer: mostly the client, which says nonsense."""
        error = details.get("exc_info")
        if isinstance(error, web.RequestPayloadError):
            log.debug("request broken off", extra={"error": type(error).__name__})
        else:
            log.error("connection crashed", exc_info=error)


def refusal(status: HTTPStatus) -> web.Response:
    """Build an answer that ends the connection, and says no more than its status does."""
    response = web.Response(status=status, text=f"{status.phrase}\n")
    response.force_close()
    return response
