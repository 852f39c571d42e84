"""When a replica that starts begins to take questions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ecr_secrets.cli.webhook import Surroundings, Webhook
from ecr_secrets.kube.client import Client
from ecr_secrets.settings import Config
from testbed.certificates import Authority
from tests.core.builders import NOON
from tests.fakes.cluster_access import plain_access
from tests.fakes.eventually import eventually
from tests.fakes.scripted_server import Exchange, scripted_server
from tests.integration.webhook.at_webhook import ADDRESS, AUTHORITY, a_webhook

_TURNS = 100  # of the event loop: more than it takes to open a port


def _config(folder: Path, authority: Authority) -> Config:
    made = authority.issue_server([ADDRESS], ["webhook"])
    files = {"crt": made.certificate_pem, "key": made.key_pem, "ca": authority.certificate_pem}
    for name, text in files.items():
        (folder / name).write_bytes(text)
    return Config(
        bind_address=ADDRESS,
        webhook_port=0,  # any that is free
        tls_cert_file=str(folder / "crt"),
        tls_key_file=str(folder / "key"),
        tls_ca_file=str(folder / "ca"),
    )


@asynccontextmanager
async def _started(config: Config, listed: asyncio.Event) -> AsyncIterator[Webhook]:
    """Run the webhook of a replica whose API server has not answered it yet."""
    surroundings = Surroundings(
        credentials=tuple,
        listed=listed.is_set,
        wait_seen=listed.wait,
        leading=lambda: False,
        record=lambda *_: None,
        clock=lambda: NOON,
        namespace="operator",
    )
    stop = asyncio.Event()
    async with scripted_server(Exchange.hang) as server, Client(plain_access(server.url)) as client:
        webhook = Webhook(config, client, a_webhook(), surroundings)
        running = asyncio.create_task(webhook.run(stop))
        try:
            yield webhook
        finally:
            stop.set()
            await running


async def test_no_question_is_taken_before_it_is_known_what_is_managed(tmp_path: Path) -> None:
    """A pod would be told that its pull secret is none of ours, and not wait for it."""
    listed = asyncio.Event()
    async with _started(_config(tmp_path, AUTHORITY), listed) as webhook:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        before = webhook.trouble()

        listed.set()

        assert before == "the webhook does not listen yet"
        await eventually(lambda: webhook.trouble() != before)


async def test_a_replica_that_never_sees_the_credentials_can_be_stopped(tmp_path: Path) -> None:
    """It waits for the list, and for nothing once it is asked to end."""
    async with (
        asyncio.timeout(5),
        _started(_config(tmp_path, AUTHORITY), asyncio.Event()) as webhook,
    ):
        await asyncio.sleep(0)

    assert webhook.trouble() == "the webhook does not listen yet"
