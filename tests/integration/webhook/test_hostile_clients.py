"""The endpoint and clients that mean harm, each beside an honest one that must not notice."""

import asyncio
import logging
import socket
import ssl
from datetime import timedelta

import pytest

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.webhook.limits import Limits
from tests.core.builders import a_pull_secret
from tests.core.reviews import a_body
from tests.integration.webhook.at_webhook import (
    ADDRESS,
    PATIENCE,
    REVIEW,
    SHOP,
    SOON,
    TRUSTING,
    Line,
    a_head,
    a_request,
    a_webhook,
    trusting,
    under_attack,
)

MIB = 1024 * 1024
LATE = timedelta(seconds=60)  # later than the test is given up


async def test_who_is_refused_can_read_why_once_all_is_sent() -> None:
    """A client that sends first and reads afterwards, as most do, sees the status."""
    request = a_request(b"x" * MIB)

    def send_then_read(port: int) -> bytes:
        with (
            socket.create_connection((ADDRESS, port), timeout=PATIENCE) as plain,
            TRUSTING.wrap_socket(plain, server_hostname=ADDRESS) as line,
        ):
            line.sendall(request)
            return line.recv(1000)

    async with under_attack(Limits(max_body=MIB // 2)) as (served, _):
        answer = await asyncio.to_thread(send_then_read, served.port)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "conversation",
    [
        pytest.param(b"POST /validate-pods HTTP/1.1\r\nHost: webhook\r\n", id="head"),
        pytest.param(b"\r\n" * 100, id="empty-lines"),
        pytest.param(a_head("Content-Length: 1000") + REVIEW, id="body"),
        pytest.param(
            a_head("Transfer-Encoding: chunked") + b"1\r\nx\r\n" * 100, id="chunks-without-end"
        ),
    ],
)
async def test_who_sends_a_byte_at_a_time_is_cut_off(conversation: bytes) -> None:
    """A request that never comes to its end does not keep its connection."""
    async with under_attack(Limits(head=SOON, body=SOON)) as (served, _):
        lines = [await served.connect() for _ in range(20)]
        dripping = [asyncio.create_task(line.drip(conversation, every=0.05)) for line in lines]

        assert all([await line.has_ended() for line in lines])
        await asyncio.gather(*dripping)


async def test_time_and_space_for_a_head_begin_anew_with_each_request() -> None:
    """A connection is not cut off for being old, or for having said much."""
    request = a_request()

    async with under_attack(Limits(head=SOON, max_head=250)) as (served, _):
        line = await served.connect()

        for _ in range(6):
            await line.send(request[:50])
            await asyncio.sleep(SOON.total_seconds() / 5)
            await line.send(request[50:])
            answer = await line.answer()
            assert answer
            assert answer.allows


async def test_a_head_without_end_is_cut_off_by_its_size() -> None:
    """A fast client is not given the time of a slow one to fill the memory."""
    endless = b"X: " + b"x" * 1000 + b"\r\n"

    async with under_attack(Limits(head=LATE, max_headers=100_000)) as (served, _):
        line = await served.connect()
        await line.send(b"POST /validate-pods HTTP/1.1\r\n")
        sending = asyncio.create_task(line.send(endless * 10_000))

        assert await line.has_ended()
        await sending


async def test_half_open_handshakes_end() -> None:
    """Who does not shake hands, or not to the end, does not stay."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    handshake = trusting().wrap_bio(incoming, outgoing, server_hostname=ADDRESS)
    with pytest.raises(ssl.SSLWantReadError):
        handshake.do_handshake()
    hello = outgoing.read()

    async with under_attack(Limits(handshake=SOON)) as (served, _):
        silent, begun, cut, slow = [await served.knock() for _ in range(4)]
        await begun.send(hello)
        await cut.send(hello[: len(hello) // 2])
        dripping = asyncio.create_task(slow.drip(hello, every=0.05))

        assert all([await line.has_ended() for line in (silent, begun, cut, slow)])
        await dripping


@pytest.mark.parametrize(
    "greeting",
    [
        pytest.param(a_request(), id="plain-http"),
        pytest.param(b"\x16\x03\x01\xff\xff" + b"\x00" * 70_000, id="nonsense-in-tls-records"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x28", id="alert"),
    ],
)
async def test_who_speaks_no_tls_is_not_listened_to(
    greeting: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a handshake there is no conversation, and nothing in the log."""
    caplog.set_level(logging.INFO)

    async with under_attack(Limits(handshake=SOON)) as (served, _):
        line = await served.knock()
        await line.send(greeting)

        assert await line.has_ended()
    assert [record.getMessage() for record in caplog.records] == []


async def test_tls_1_1_is_refused() -> None:
    """What has been broken is not spoken."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.load_verify_locations(cadata=trusting().get_ca_certs(binary_form=True)[0])
    tls.set_ciphers("ALL:@SECLEVEL=0")

    async with under_attack() as (served, _):
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await served.connect(tls)


async def test_who_does_not_read_is_cut_off() -> None:
    """Answers that nobody takes do not pile up."""
    async with under_attack(Limits(sending=SOON, pipelined=10**6)) as (served, _):
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, (ADDRESS, served.port))
        line = await served.connect_on(deaf)
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]  # asyncio.Transport

        async with asyncio.timeout(20):
            while not line.writer.is_closing():
                await line.send(a_request())
                await asyncio.sleep(0)


async def test_who_pipelines_without_measure_is_cut_off() -> None:
    """Questions that wait on one connection are few."""
    async with under_attack() as (served, _):
        line = await served.connect()
        await line.send(a_request() * 100)

        first = await line.answer()
        assert first
        assert first.allows
        assert await line.has_ended()


async def test_500_idle_connections_are_not_noticed() -> None:
    """Connections that nobody uses cost memory, and no one's time."""
    async with under_attack() as (served, honest):
        for _ in range(500):
            await served.connect()

        before = honest.answers
        await honest.ask()
        assert honest.answers > before


async def test_large_bodies_take_turns_and_small_ones_do_not_wait() -> None:
    """Who sends half of a large body and stops keeps others of his kind waiting, for a while."""
    limits = Limits(large_bodies=2, body=SOON)
    large = a_body("ecr-login", userInfo={"username": "x" * 200_000})

    async with under_attack(limits) as (served, honest):
        stopped = [await served.connect() for _ in range(2)]
        for line in stopped:
            await line.send(a_request(large)[:100_000])
        await asyncio.sleep(SOON.total_seconds() / 2)
        before = honest.answers
        await honest.ask(large)

        assert honest.answers > before + 1  # small ones, meanwhile
        answers = [await line.answer() for line in stopped]
    assert [answer.status for answer in answers if answer] == [408, 408]


async def test_who_announces_much_and_sends_little_takes_nobodys_turn() -> None:
    """Large bodies are counted by what has arrived."""
    large = a_body("ecr-login", userInfo={"username": "x" * 200_000})

    async with under_attack(Limits(large_bodies=1, body=LATE)) as (served, honest):
        for _ in range(10):
            line = await served.connect()
            await line.send(a_head(f"Content-Length: {3 * MIB}") + b"x" * 1000)

        await honest.ask(large)


async def test_who_hangs_up_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A client that goes away at any moment is forgotten, and leaves nothing in the log."""
    caplog.set_level(logging.INFO)
    whole = a_request()
    moments = [0, 1, len(whole) // 4, len(whole) - 1, len(whole)]

    async def refresh_now(credential: str, target: ObjectKey) -> None:
        await asyncio.sleep(0.05)

    async with under_attack(webhook=a_webhook(refresh_now=refresh_now)) as (served, _):
        for moment in moments * 10:
            line: Line = await served.connect()
            await line.send(whole[:moment])
            await asyncio.sleep(0.01)  # the server is in the middle of it
            line.writer.transport.abort()
    assert [record.getMessage() for record in caplog.records] == []


async def test_a_flood_of_forged_reviews_asks_for_nothing_that_is_fresh() -> None:
    """Reviews of pods with fresh or strange secrets have no effect, however many there are."""
    asked = []

    async def refresh_now(credential: str, target: ObjectKey) -> None:
        asked.append(target)

    webhook = a_webhook({SHOP: a_pull_secret()}.get, refresh_now)
    forged = a_body("ecr-login", *(f"secret-{number}" for number in range(999)))
    async with under_attack(webhook=webhook) as (served, _):
        line = await served.connect()
        answers = [await line.ask(forged) for _ in range(200)]

    assert all(answer and answer.allows for answer in answers)
    assert asked == []
