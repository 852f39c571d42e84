"""Whoever reaches the port can send reviews: they cost AWS and the API server nothing."""

import asyncio
import base64
import ssl
import time
from collections.abc import Iterable
from datetime import timedelta
from io import BytesIO

import aiohttp
import msgspec

from testbed.aws import faults
from tests.cluster.audit import position, requests_of_operator, writes_abroad
from tests.cluster.pods import Village, configuration
from tests.cluster.stage import Stage
from tests.core.reviews import a_body

CLIENTS = 50
FLOOR = timedelta(seconds=5)  # between two calls to AWS for the same token


async def _send(stage: Stage, bodies: Iterable[bytes]) -> list[bool]:
    """Send reviews straight to the operator; tell for each whether the pod was allowed."""
    found = configuration(stage)
    assert found is not None
    config = found["webhooks"][0]["clientConfig"]
    trusting = ssl.create_default_context(cadata=base64.b64decode(config["caBundle"]).decode())
    connector = aiohttp.TCPConnector(ssl=trusting, limit=CLIENTS)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(body: bytes) -> bool:
            async with session.post(config["url"], data=BytesIO(body)) as answer:
                assert answer.status == 200
                found = msgspec.json.decode(await answer.read())
                return found["response"]["allowed"] is True

        return await asyncio.gather(*map(ask, bodies))


def test_forged_reviews_cost_no_call_and_no_write(stage: Stage) -> None:
    """Made-up names are answered from memory, and so is the name of what needs no refresh.

    The secret is within ten minutes of its end all the time, and fresh all the same.
    """
    stage.aws.set_token_lifetime(timedelta(minutes=9))
    village = Village(stage, "shop")
    (shop,) = village.namespaces
    village.await_told(village.serve())
    since = position(stage.site.control_plane)

    made_up = [a_body(f"secret-{n}", namespace=f"ns-{n}") for n in range(150)]
    elsewhere = [a_body(village.secret, namespace=f"ns-{n}") for n in range(150)]
    other = [a_body(f"secret-{n}", namespace=shop) for n in range(150)]
    real = [a_body(village.secret, namespace=shop) for _ in range(150)]
    allowed = asyncio.run(_send(stage, [*made_up, *elsewhere, *other, *real]))

    assert allowed == [True] * 600
    assert stage.aws.calls(stage.key) == 1  # for the first rollout
    assert writes_abroad(requests_of_operator(stage.site.control_plane, since=since)) == []


def test_a_flood_for_what_cannot_be_refreshed_is_no_flood_at_aws(stage: Stage) -> None:
    """While AWS refuses, it is asked as often as it is without pods."""
    village = Village(stage, "shop", "blog")
    village.serve_expired()
    calls = stage.aws.calls(stage.key)
    stage.aws.misbehave(faults.THROTTLED, stage.key)
    begun = time.monotonic()

    bodies = [a_body(village.secret, namespace=namespace) for namespace in village.namespaces]
    allowed = asyncio.run(_send(stage, bodies * 50))

    took = timedelta(seconds=time.monotonic() - begun)
    assert allowed == [True] * 100
    assert 1 <= stage.aws.calls(stage.key) - calls <= 1 + took // FLOOR
