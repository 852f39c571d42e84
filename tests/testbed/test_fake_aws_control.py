"""The handles of the fake can be turned from another process."""

import base64
from datetime import timedelta

import aiohttp
import pytest

from testbed.aws.control import FAULTS, Control
from testbed.aws.faults import BODIES, DELIVERIES, HUGE_BODY, REFUSALS
from testbed.aws.nonsense import NONSENSE
from testbed.aws.remote import RemoteAws
from testbed.aws.server import FakeAws
from testbed.aws.wire import utc_now
from tests.testbed.aws_clients import a_client, ask, outcome


async def test_a_key_made_from_afar_works() -> None:
    """The answer holds all that a client needs."""
    async with FakeAws() as aws, Control(aws) as control:
        key = await RemoteAws(control.url).add_access_key("444455556666")
        answer = await ask(a_client(aws, "ecr", key), "get_authorization_token")

    assert answer["authorizationData"][0]["proxyEndpoint"].startswith("https://444455556666.")


async def test_counters_read_from_afar_are_the_same() -> None:
    """They can be read, and started anew."""
    async with FakeAws() as aws, Control(aws) as control:
        remote = RemoteAws(control.url)
        await outcome(a_client(aws, "ecr", aws.add_access_key()))
        same = (await remote.calls()).counts == aws.calls.counts
        counted = (await remote.calls()).count(operation="GetAuthorizationToken", result="ok")
        most = (await remote.calls()).most_in_flight
        await remote.reset_counters()
        left = (await remote.calls()).count()

    assert (same, counted, most, left) == (True, 1, 1, 0)


async def test_faults_begin_and_end_from_afar() -> None:
    """By name, with the same limits as in the process itself."""
    async with FakeAws() as aws, Control(aws) as control:
        remote, key = RemoteAws(control.url), aws.add_access_key()
        await remote.misbehave("throttled", times=1)
        results = [await outcome(a_client(aws, "ecr", key)) for _ in range(2)]
        await remote.misbehave("access-denied", region="us-east-1", operation=None)
        results.append(await outcome(a_client(aws, "sts", key), "get_caller_identity"))
        results.append(await outcome(a_client(aws, "ecr", key, region="us-east-1")))
        await remote.behave()
        results.append(await outcome(a_client(aws, "ecr", key, region="us-east-1")))

    assert results == ["ThrottlingException", "ok", "ok", "AccessDeniedException", "ok"]


async def test_aws_is_brought_back_through_a_door_that_stays_open() -> None:
    """While AWS is down, its handles are not."""
    async with FakeAws() as aws, Control(aws) as control:
        remote, key = RemoteAws(control.url), aws.add_access_key()
        await remote.go_down()
        away = await outcome(a_client(aws, "ecr", key))
        await remote.come_up()
        back = await outcome(a_client(aws, "ecr", key))

    assert away in {"ConnectionClosedError", "EndpointConnectionError"}
    assert back == "ok"


async def test_the_life_of_tokens_is_set_from_afar() -> None:
    """A demonstration need not last for twelve hours."""
    async with FakeAws() as aws, Control(aws) as control:
        await RemoteAws(control.url).set_token_lifetime(timedelta(minutes=2))
        client = a_client(aws, "ecr", aws.add_access_key())
        entry = (await ask(client, "get_authorization_token"))["authorizationData"][0]

    assert base64.b64decode(entry["authorizationToken"]).startswith(b"AWS:")
    assert timedelta(minutes=1) < entry["expiresAt"] - utc_now() <= timedelta(minutes=2)


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        pytest.param("GET", "/nothing", None, 404, id="no-such-handle"),
        pytest.param("POST", "/faults", {"fault": "unheard-of"}, 400, id="no-such-fault"),
        pytest.param("PUT", "/down", "yes", 400, id="down-is-true-or-false"),
        pytest.param("PUT", "/token-lifetime", "long", 400, id="lifetime-is-a-number"),
        pytest.param("GET", "/faults", None, 200, id="names-of-faults"),
    ],
)
async def test_mistakes_are_answered_as_such(
    method: str, path: str, content: object, status: int
) -> None:
    """A slip of the pen changes nothing and says so."""
    async with FakeAws() as aws, Control(aws) as control, aiohttp.ClientSession() as session:
        async with session.request(method, control.url + path, json=content) as response:
            answered = response.status
        unchanged = await outcome(a_client(aws, "ecr", aws.add_access_key()))

    assert (answered, unchanged) == (status, "ok")


def test_every_fault_has_a_name_of_its_own() -> None:
    """Names count calls and choose faults, so none may stand for two."""
    everything = (*REFUSALS, *BODIES, *DELIVERIES, HUGE_BODY, *NONSENSE)

    assert sorted(FAULTS) == sorted(fault.name for fault in everything)
