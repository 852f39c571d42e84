"""The endpoint and clients that send what no API server does."""

import asyncio
import gzip
import logging

import pytest

from ecr_secrets.webhook.limits import Limits
from tests.integration.webhook.at_webhook import (
    REVIEW,
    SOON,
    a_head,
    a_request,
    under_attack,
)

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("conversation", "statuses"),
    [
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9, {400}, id="http-2"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9, {400}, id="tls-in-tls"),
        pytest.param(b"\x00" * 1000 + b"\r\n\r\n", {400}, id="zeros"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", {400}, id="ssh"),
        pytest.param(a_head(line="POST /validate-pods HTTP/9.9"), {400}, id="http-9"),
        pytest.param(a_head(line="POST  HTTP/1.1"), {400}, id="no-path"),
        pytest.param(a_head(line="GET /validate-pods HTTP/1.1"), {405}, id="get"),
        pytest.param(a_head(line="HEAD /validate-pods HTTP/1.1"), {405}, id="head"),
        pytest.param(a_head(line="OPTIONS * HTTP/1.1"), {400, 404}, id="options"),
        pytest.param(a_head(line="TRACE /validate-pods HTTP/1.1"), {405}, id="trace"),
        pytest.param(a_head(line="CONNECT example.com:443 HTTP/1.1"), {400, 404}, id="connect"),
        pytest.param(a_head(line="POST / HTTP/1.1"), {404}, id="another-path"),
        pytest.param(a_head(line="POST /validate-pods/../metrics HTTP/1.1"), {404}, id="dots"),
        pytest.param(
            a_head(line="POST http://webhook:99999999/x HTTP/1.1"), {400, 404}, id="bad-url"
        ),
        pytest.param(a_head(line=f"POST /{'x' * 100_000} HTTP/1.1"), {400, None}, id="long-path"),
        pytest.param(a_head(f"X: {'x' * 100_000}"), {400, None}, id="long-field"),
        pytest.param(a_head(f"{'x' * 100_000}: x"), {400, None}, id="long-name"),
        pytest.param(a_head(*["X: x"] * 10_000), {400, None}, id="many-fields"),
        pytest.param(a_head("no colon"), {400}, id="field-without-colon"),
        pytest.param(a_head("X: a\0b"), {400}, id="zero-in-a-field"),
        pytest.param(a_head("X : x", "Content-Length: 0"), {400}, id="blank-before-colon"),
        pytest.param(
            a_head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
            {400},
            id="length-and-chunks",
        ),
        pytest.param(
            a_head("Content-Length: 5", "Content-Length: 6") + b"123456", {400}, id="two-lengths"
        ),
        pytest.param(a_head("Content-Length: -1"), {400}, id="negative-length"),
        pytest.param(a_head("Content-Length: 1_0") + b"x" * 10, {400}, id="python-number"),
        pytest.param(a_head("Content-Length: " + "9" * 30), {400, 413}, id="astronomic-length"),
        pytest.param(a_head(f"Content-Length: {4 * MIB}"), {413}, id="too-long-by-announcement"),
        pytest.param(a_head(f"Content-Length: {4 * MIB}") + b"x" * (4 * MIB), {413}, id="too-long"),
        pytest.param(
            a_head("Transfer-Encoding: chunked") + b"100000\r\n%b\r\n" % (b"x" * MIB) * 5,
            {413},
            id="too-long-in-chunks",
        ),
        pytest.param(
            a_head("Transfer-Encoding: chunked") + b"zz\r\n\r\n", {400}, id="chunk-without-size"
        ),
        pytest.param(
            a_head("Transfer-Encoding: chunked") + b"fffffffffffffffff\r\nx\r\n",
            {400},
            id="chunk-of-astronomic-size",
        ),
        pytest.param(
            a_head("Transfer-Encoding: chunked") + b"1;" + b"x" * 100_000 + b"\r\nx\r\n0\r\n\r\n",
            {400, 408, None},
            id="long-chunk-extension",
        ),
        pytest.param(
            a_head("Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", {400}, id="other-encoding"
        ),
        pytest.param(
            a_head("Content-Encoding: gzip", f"Content-Length: {len(gzip.compress(REVIEW))}")
            + gzip.compress(REVIEW),
            {400},
            id="compressed",
        ),
        pytest.param(a_request(b""), {400}, id="no-body"),
        pytest.param(a_request(b"{}"), {400}, id="no-review"),
        pytest.param(a_request(b"[" * MIB), {400}, id="deep"),
        pytest.param(a_request(REVIEW[:-1]), {400}, id="cut-off-review"),
        pytest.param(
            a_head("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x")
            + b"\x81\x05hello" * 1000,
            {400, 408},
            id="websocket",
        ),
        pytest.param(
            a_head("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"),
            {400, 408},
            id="http-2-upgrade",
        ),
    ],
)
async def test_nonsense_is_answered_with_its_status_and_nothing_else(
    conversation: bytes, statuses: set[int | None], caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sends nonsense is sent away, learns nothing, and leaves nothing in the log."""
    caplog.set_level(logging.INFO)

    async with under_attack(Limits(body=SOON, head=SOON)) as (served, _):
        line = await served.connect()
        sending = asyncio.create_task(line.send(conversation))
        answer = await line.answer()
        assert await line.has_ended()
        await sending

    assert (answer.status if answer else None) in statuses
    if answer and answer.body:
        assert answer.body in {
            b"Bad Request\n",
            b"Not Found\n",
            b"Method Not Allowed\n",
            b"Request Timeout\n",
            b"Request Entity Too Large\n",
        }
    assert [record.getMessage() for record in caplog.records] == []


async def test_nonsense_behind_a_refusal_is_not_answered(caplog: pytest.LogCaptureFixture) -> None:
    """Who goes on although he was sent away is cut off, and leaves nothing in the log."""
    caplog.set_level(logging.INFO)

    async with under_attack() as (served, _):
        line = await served.connect()
        await line.send(a_head("Transfer-Encoding: chunked", line="POST /another HTTP/1.1"))
        refusal = await line.answer()
        await line.send(b"no chunk\r\n\r\n")
        assert await line.has_ended()

    assert refusal
    assert refusal.status == 404
    assert [record.getMessage() for record in caplog.records] == []
