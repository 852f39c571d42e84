"""The raw baseline: a webhook that knows nothing and admits every pod.

    python -m bench.admission.bare

aiohttp on uvloop with the operator's TLS settings. Of a review it reads what the answer has to
repeat. The first line of its input is the certificate, and is answered with the port; each further
line is answered with how many reviews there were. It ends with its input.
"""

import asyncio
import gc
import sys

import msgspec
import uvloop
from aiohttp import web

from ecr_secrets.webhook.tls_context import load_pair, make_context

_IDLE = 120  # seconds; the API server keeps an unused connection for 90


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A serving certificate with its key."""

    certificate: bytes  # PEM
    key: bytes  # PEM


class _Request(msgspec.Struct):
    uid: str


class _Review(msgspec.Struct):
    request: _Request


_REVIEW = msgspec.json.Decoder(_Review)


class BareWebhook:
    """Answers reviews, and counts them."""

    def __init__(self) -> None:
        """Have answered none."""
        self.answered = 0

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Admit a pod."""
        uid = _REVIEW.decode(await request.read()).request.uid
        self.answered += 1
        review = {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": {"uid": uid, "allowed": True},
        }
        return web.Response(body=msgspec.json.encode(review), content_type="application/json")


async def serve() -> None:
    """Do what the input asks for until it ends."""
    pair = msgspec.json.decode(await _next_line(), type=Pair)
    context = make_context()
    load_pair(context, pair.certificate, pair.key)
    webhook = BareWebhook()
    server = web.Server(webhook.answer, access_log=None, keepalive_timeout=_IDLE)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, ssl=context)
    _say(listener.sockets[0].getsockname()[1])
    while await _next_line():
        _say(webhook.answered)
    listener.close()
    await server.shutdown(timeout=0)


async def _next_line() -> bytes:
    return await asyncio.to_thread(sys.stdin.buffer.readline)


def _say(number: int) -> None:
    print(number, flush=True)


if __name__ == "__main__":
    gc.freeze()  # what is imported is not looked through while it is measured
    uvloop.run(serve())
