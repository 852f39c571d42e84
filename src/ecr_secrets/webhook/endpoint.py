"""The one path there is: reads a review, as far as it is worth reading, and has it answered."""

import asyncio
import logging
from contextlib import AsyncExitStack
from http import HTTPMethod, HTTPStatus
from typing import cast

from aiohttp import web

from ecr_secrets.errors import InvalidReviewError
from ecr_secrets.webhook.admit import PodWebhook
from ecr_secrets.webhook.connection import Connection, refusal
from ecr_secrets.webhook.limits import Limits

log = logging.getLogger(__name__)

PATH = "/validate-pods"


class _RefusedError(Exception):
    """A body that is not read to its end."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Endpoint:
    """Answers requests. Whoever does not ask as the API server does is answered and sent away."""

    def __init__(self, webhook: PodWebhook, limits: Limits) -> None:
        """Answer with a webhook."""
        self._webhook = webhook
        self._limits = limits
        self._turns = asyncio.Semaphore(limits.large_bodies)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if request.path != PATH:
            return refusal(HTTPStatus.NOT_FOUND)
        if request.method != HTTPMethod.POST:
            return refusal(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            # The body is given a name nowhere, so that it is not kept while the webhook waits.
            answer = await self._webhook.admit(await self._hear(request))
        except _RefusedError as error:
            return refusal(error.status)
        except InvalidReviewError as error:
            log.debug("review refused", extra={"reason": error.reason, "error": str(error)})
            return refusal(HTTPStatus.BAD_REQUEST)
        return web.Response(body=answer, content_type="application/json")

    async def _hear(self, request: web.BaseRequest) -> bytes:
        """Read a body, and have its connection know that the question is complete.

        Raises:
            _RefusedError: it is too long, too slow or broken.
        """
        body = await self._read(request)
        cast("Connection", request.protocol).hear()
        return body

    async def _read(self, request: web.BaseRequest) -> bytes:
        """Read a body.

        Raises:
            _RefusedError: it is too long, too slow or broken.
        """
        if (request.content_length or 0) > self._limits.max_body:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            async with asyncio.timeout(self._limits.body.total_seconds()):
                return await self._collect(request)
        except TimeoutError:
            raise _RefusedError(HTTPStatus.REQUEST_TIMEOUT) from None
        except (web.RequestPayloadError, ConnectionError):  # or the client has gone
            raise _RefusedError(HTTPStatus.BAD_REQUEST) from None

    async def _collect(self, request: web.BaseRequest) -> bytes:
        """Join the pieces of a body; what makes it large is taken in only when it is its turn.

        By what has arrived, not by what is announced: a client that announces much and sends
        little takes nobody's turn.
        """
        pieces = []
        size = 0
        async with AsyncExitStack() as turn:
            while piece := await request.content.readany():
                was_large = size > self._limits.large_body
                size += len(piece)
                if size > self._limits.max_body:
                    raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                if size > self._limits.large_body and not was_large:
                    await turn.enter_async_context(self._turns)
                pieces.append(piece)
            return b"".join(pieces)
