"""The endpoint and clients that mean well."""

import asyncio
import socket
import ssl
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import ConfigurationError
from ecr_secrets.webhook.admit import PodWebhook
from ecr_secrets.webhook.limits import Limits
from ecr_secrets.webhook.server import WebhookServer
from ecr_secrets.webhook.tls_context import load_pair, make_context
from testbed.certificates import Authority
from tests.core.reviews import a_body, a_pod
from tests.integration.webhook.at_webhook import (
    ADDRESS,
    GRACE,
    Answer,
    Line,
    a_request,
    a_webhook,
    serving,
    trusting,
)


def a_refreshing_webhook(refreshed: asyncio.Event) -> PodWebhook:
    """Build a webhook whose refreshes last until they are let through."""

    async def refresh_now(credential: str, target: ObjectKey) -> None:
        await refreshed.wait()

    return a_webhook(refresh_now=refresh_now)


async def test_a_hundred_reviews_need_one_connection() -> None:
    """Keep-alive: the API server shakes hands once."""
    async with serving() as served:
        line = await served.connect()

        answers = [await line.ask() for _ in range(100)]

    assert all(answer and answer.allows for answer in answers)


async def test_the_api_server_says_in_the_path_how_long_it_waits() -> None:
    """A query behind the path changes nothing."""
    async with serving() as served:
        line = await served.connect()

        await line.send(a_request(line="POST /validate-pods?timeout=2s HTTP/1.1"))
        answer = await line.answer()

    assert answer
    assert answer.allows
    assert answer.headers["content-type"] == "application/json"


async def test_a_review_may_come_in_chunks() -> None:
    """A proxy on the way may change how a body is sent."""
    body = a_body("ecr-login")
    pieces = [body[start : start + 100] for start in range(0, len(body), 100)]
    head = b"POST /validate-pods HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    async with serving() as served:
        line = await served.connect()
        await line.send(head + b"".join(b"%x\r\n%b\r\n" % (len(it), it) for it in pieces))
        await line.send(b"0\r\n\r\n")
        answer = await line.answer()

    assert answer
    assert answer.allows


async def test_a_client_that_waits_to_be_told_to_go_on_is_answered_once_it_does() -> None:
    """`Expect: 100-continue` is an offer that may be ignored."""
    body = a_body("ecr-login")
    head = b"POST /validate-pods HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"

    async with serving() as served:
        line = await served.connect()
        await line.send(head + b"Content-Length: %d\r\n\r\n" % len(body))
        await line.send(body)
        answer = await line.answer()

    assert answer
    assert answer.allows


async def test_the_largest_pods_are_answered() -> None:
    """A pod as large as etcd takes it, twice in an update, 20 at once."""
    padding = {"annotations": {"note": "x" * 1_500_000}}
    pod = {**a_pod("ecr-login"), "metadata": padding}
    body = a_body(operation="UPDATE", object=pod, oldObject=pod)

    async with serving() as served, served.honest_client() as client:
        await asyncio.gather(*(client.ask(body) for _ in range(20)))


async def test_a_few_requests_may_be_pipelined() -> None:
    """Answers come in the order of the questions."""
    async with serving() as served:
        line = await served.connect()

        await line.send(b"".join(a_request(a_body(uid=str(number))) for number in range(3)))
        answers = [await line.answer() for _ in range(3)]

    assert [
        b'"uid":"%d"' % number in (answer or Answer(0, {}, b"")).body
        for number, answer in enumerate(answers)
    ] == [True] * 3


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
async def test_http_1_is_agreed_on(version: str) -> None:
    """Also with a client that would rather speak HTTP/2, as the API server on loopback does."""
    tls = trusting()
    tls.minimum_version = tls.maximum_version = ssl.TLSVersion[version]
    tls.set_alpn_protocols(["h2", "http/1.1"])

    async with serving() as served:
        line = await served.connect(tls)
        agreed = line.writer.get_extra_info("ssl_object").selected_alpn_protocol()
        answer = await line.ask()

    assert agreed == "http/1.1"
    assert answer
    assert answer.allows


async def test_a_new_certificate_is_shown_to_new_connections_only() -> None:
    """A rotation breaks no connection."""
    successor = Authority("the-next-ca")
    certificate = successor.issue_server([ADDRESS], ["localhost"])
    trusting_both = trusting()
    trusting_both.load_verify_locations(cadata=successor.certificate_pem.decode())

    async with serving() as served:
        old = await served.connect()
        load_pair(served.context, certificate.certificate_pem, certificate.key_pem)
        new = await served.connect(trusting_both)
        answers = [await old.ask(), await new.ask()]

    issuer = dict(entry[0] for entry in new.writer.get_extra_info("peercert")["issuer"])
    assert issuer == {"commonName": "the-next-ca"}
    assert all(answer and answer.allows for answer in answers)


async def test_500_pods_at_once_are_admitted_by_one_refresh() -> None:
    """A Deployment that scales up does not queue in front of the webhook."""
    refreshed = asyncio.Event()

    async with serving(a_refreshing_webhook(refreshed)) as served:
        lines = [await served.connect() for _ in range(500)]
        answers = asyncio.gather(*(line.ask() for line in lines))
        await asyncio.sleep(0.2)
        refreshed.set()

        assert all(answer and answer.allows for answer in await answers)


async def test_an_idle_connection_ends() -> None:
    """What nobody uses any more is given back."""
    async with serving(limits=Limits(idle=timedelta(seconds=0.2))) as served:
        unused, used = await served.connect(), await served.connect()
        await used.ask()

        assert await unused.has_ended()
        assert await used.has_ended()


async def test_a_port_that_is_taken_is_named() -> None:
    """Whoever starts a second operator on a machine is told what is in the way."""
    async with serving() as served:
        second = WebhookServer(a_webhook(), context=make_context())

        with pytest.raises(ConfigurationError, match=r"--webhook-port: 127\.0\.0\.1:\d+: Address"):
            await second.start(ADDRESS, served.port)


async def test_closing_fails_no_call() -> None:
    """Under load, every question on an open connection is answered, the last with a goodbye."""

    async def ask_until_told_to_go(line: Line) -> list[Answer | None]:
        answers = [await line.ask()]
        while (answer := answers[-1]) and answer.headers.get("connection") != "close":
            await asyncio.sleep(0.01)  # no pod is created, for a moment
            answers.append(await line.ask())
        return answers

    async with serving() as served:
        lines = [await served.connect() for _ in range(16)]
        asking = [asyncio.create_task(ask_until_told_to_go(line)) for line in lines]
        await asyncio.sleep(0.1)

        await served.server.close(GRACE)
        conversations = await asyncio.gather(*asking)

    assert all(len(answers) > 1 for answers in conversations)
    assert all(answer and answer.allows for answers in conversations for answer in answers)


async def test_closing_waits_for_pods_that_wait() -> None:
    """A pod in the middle of a refresh gets its answer, and with it the refreshed secret."""
    refreshed = asyncio.Event()
    webhook = replace(a_refreshing_webhook(refreshed), bound=GRACE)

    async with serving(webhook) as served:
        line = await served.connect()
        await line.send(a_request())
        await asyncio.sleep(0.1)
        closing = asyncio.create_task(served.server.close(GRACE))
        await asyncio.sleep(1.3)  # longer than a connection may be quiet
        refreshed.set()
        answer = await line.answer()
        await closing

    assert answer
    assert answer.allows
    assert b"warnings" not in answer.body


async def test_closing_waits_for_questions_that_are_being_asked() -> None:
    """Who has begun to ask may end, and is answered."""
    async with serving() as served:
        line = await served.connect()
        await line.send(a_request()[:50])
        await asyncio.sleep(0.1)
        closing = asyncio.create_task(served.server.close(GRACE))
        await asyncio.sleep(1.3)  # longer than a connection may be quiet
        await line.send(a_request()[50:])
        answer = await line.answer()
        await closing

    assert answer
    assert answer.allows


async def test_closing_greets_who_has_knocked() -> None:
    """A connection that the system has accepted already is answered as well."""
    async with serving() as served:
        knocking = socket.create_connection((ADDRESS, served.port))
        closing = asyncio.create_task(served.server.close(GRACE))
        line = await served.connect_on(knocking)  # the server has had no turn before
        answer = await line.ask()
        await closing

    assert answer
    assert answer.allows


async def test_closing_ends_quiet_connections() -> None:
    """Connections in the pool of an API server do not hold up the end for the whole grace."""
    async with serving() as served:
        lines = [await served.connect() for _ in range(5)]
        await lines[0].ask()

        async with asyncio.timeout(GRACE.total_seconds() / 2):
            await served.server.close(GRACE)

        assert all([await line.has_ended() for line in lines])


async def test_closing_takes_no_longer_than_its_grace() -> None:
    """A client that never ends does not keep the process."""
    refreshed = asyncio.Event()

    async with serving(a_refreshing_webhook(refreshed)) as served:
        half_open, asking, silent = (
            await served.knock(),
            await served.connect(),
            await served.connect(),
        )
        await asking.send(a_request())
        await silent.send(b"POST /validate")

        await served.server.close(timedelta(seconds=0.2))

        assert all([await line.has_ended() for line in (half_open, asking, silent)])


async def test_after_closing_nobody_is_let_in() -> None:
    """The port is free again."""
    async with serving() as served:
        port = served.port
        await served.server.close(GRACE)

        with pytest.raises(ConnectionRefusedError):
            await served.connect()
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.post(f"https://{ADDRESS}:{port}/validate-pods")
