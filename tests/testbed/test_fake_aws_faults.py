"""The fake misbehaves as it is told, for as long as it is told."""

import asyncio
import base64
import json
import math
import re
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from testbed.aws import faults
from testbed.aws.faults import Fault
from testbed.aws.nonsense import NONSENSE
from testbed.aws.server import FakeAws
from tests.fakes.eventually import eventually
from tests.testbed.aws_clients import a_client, ask, outcome

_MOMENT = timedelta(milliseconds=200)
_BYTE = timedelta(microseconds=100)  # an answer of STS has 300 of them and more


@pytest.mark.parametrize(
    ("fault", "at_ecr", "at_sts"),
    [
        (faults.THROTTLED, "ThrottlingException", "Throttling"),
        (faults.TOO_MANY_REQUESTS, "TooManyRequestsException", "TooManyRequestsException"),
        (faults.ACCESS_DENIED, "AccessDeniedException", "AccessDenied"),
        (faults.EXPIRED_TOKEN, "ExpiredTokenException", "ExpiredToken"),
        (faults.OPT_IN_REQUIRED, "OptInRequired", "OptInRequired"),
        (faults.SERVER_ERROR, "ServerException", "ServerException"),
        (faults.UNAVAILABLE, "503", "503"),
        # The JSON protocol of botocore takes what it cannot read for an empty answer.
        (faults.EMPTY_BODY, "ok", "ResponseParserError"),
        (faults.BROKEN_JSON, "ok", "ResponseParserError"),
        (faults.TRUNCATED, "ok", "ResponseParserError"),
        (faults.RESET, "ConnectionClosedError", "ConnectionClosedError"),
        (faults.HUGE_BODY, "ok", "ok"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
async def test_each_service_fails_in_its_own_words(fault: Fault, at_ecr: str, at_sts: str) -> None:
    """A fault looks to a real client as it does at AWS, and is over when told to be."""
    async with FakeAws() as aws:
        key = aws.add_access_key()
        aws.misbehave(fault, operation=None)
        results = [
            await outcome(a_client(aws, "ecr", key)),
            await outcome(a_client(aws, "sts", key), "get_caller_identity"),
        ]
        counted = aws.count(result=fault.name)
        aws.behave()
        results.append(await outcome(a_client(aws, "ecr", key)))

    assert (results, counted) == ([at_ecr, at_sts, "ok"], 2)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param({}, ["bad", "bad"], id="every-call"),
        pytest.param({"times": 1}, ["bad", "ok"], id="once"),
        pytest.param({"times": 0}, ["ok", "ok"], id="never"),
        pytest.param({"region": "eu-west-1"}, ["bad", "bad"], id="this-region"),
        pytest.param({"region": "us-east-1"}, ["ok", "ok"], id="other-region"),
        pytest.param({"operation": "ecr:GetAuthorizationToken"}, ["bad", "bad"], id="service"),
        pytest.param(
            {"operation": "ecr-public:GetAuthorizationToken"}, ["ok", "ok"], id="other-service"
        ),
        pytest.param({"operation": "AssumeRole"}, ["ok", "ok"], id="other-operation"),
        pytest.param({"access_key_id": "AKIAOTHER"}, ["ok", "ok"], id="other-key"),
    ],
)
async def test_a_fault_hits_what_it_is_meant_for(
    limits: dict[str, Any], expected: list[str]
) -> None:
    """By operation, region and key, and for a number of calls."""
    async with FakeAws() as aws:
        key = aws.add_access_key()
        aws.misbehave(faults.THROTTLED, **limits)
        results = [await outcome(a_client(aws, "ecr", key)) for _ in range(2)]

    assert ["ok" if result == "ok" else "bad" for result in results] == expected


async def test_a_fault_can_be_for_one_key_only() -> None:
    """One key fails and the other does not."""
    async with FakeAws() as aws:
        bad, good = aws.add_access_key(), aws.add_access_key()
        aws.misbehave(faults.ACCESS_DENIED, access_key_id=bad.access_key_id)
        results = [await outcome(a_client(aws, "ecr", key)) for key in (bad, good)]

    assert results == ["AccessDeniedException", "ok"]


async def test_faults_follow_each_other_in_the_order_they_were_asked_for() -> None:
    """A script of failures, call by call."""
    async with FakeAws() as aws:
        key = aws.add_access_key()
        aws.misbehave(faults.THROTTLED, times=1)
        aws.misbehave(faults.SERVER_ERROR, times=1)
        results = [await outcome(a_client(aws, "ecr", key)) for _ in range(3)]

    assert results == ["ThrottlingException", "ServerException", "ok"]


async def test_what_hangs_is_answered_once_it_shall_behave() -> None:
    """A call that hung gets a late and good answer, and its token works."""
    async with FakeAws() as aws, asyncio.TaskGroup() as group:
        aws.misbehave(faults.HANG, times=1)
        client = a_client(aws, "ecr", aws.add_access_key())
        hanging = group.create_task(ask(client, "get_authorization_token"))
        await eventually(lambda: aws.count(result="hang") == 1)
        hung = not hanging.done() and aws.calls.in_flight == 1
        aws.behave()
        answer = await hanging

    assert hung
    assert answer["authorizationData"]


async def test_nothing_is_left_of_a_client_that_gave_up() -> None:
    """A hanging call ends with its connection."""
    async with FakeAws() as aws:
        aws.misbehave(faults.HANG, operation=None)
        timeout = aiohttp.ClientTimeout(total=_MOMENT.total_seconds())
        async with aiohttp.ClientSession(timeout=timeout) as session:
            with pytest.raises(TimeoutError):
                await session.get(f"{aws.endpoint_url}/v1/credentials")

        await eventually(lambda: aws.calls.in_flight == 0)


@pytest.mark.parametrize(
    ("fault", "at_least"),
    [
        pytest.param(faults.latency(_MOMENT), _MOMENT, id="latency"),
        pytest.param(faults.drip(_BYTE), 300 * _BYTE, id="drip"),
        pytest.param(faults.drip(_BYTE, head_too=True), 400 * _BYTE, id="drip-in-headers"),
    ],
)
async def test_a_slow_answer_is_a_good_one(fault: Fault, at_least: timedelta) -> None:
    """Late or byte by byte, it arrives."""
    loop = asyncio.get_running_loop()
    async with FakeAws() as aws:
        aws.misbehave(fault, operation="sts:GetCallerIdentity")
        client = a_client(aws, "sts", aws.add_access_key())
        began = loop.time()
        result = await outcome(client, "get_caller_identity")
        took = timedelta(seconds=loop.time() - began)

    assert result == "ok"
    assert took >= at_least


async def test_leaving_the_fake_does_not_wait_for_what_hangs() -> None:
    """A test that fails in the middle of a hang ends at once."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        async with FakeAws() as aws:
            aws.misbehave(faults.drip(timedelta(seconds=20), head_too=True))
            client = a_client(aws, "ecr", aws.add_access_key())
            group.create_task(outcome(client))
            await eventually(lambda: aws.calls.in_flight == 1)
            began = loop.time()
        took = loop.time() - began

    assert took < 3


async def test_a_redirect_points_where_it_is_told() -> None:
    """The address that must see nothing is another fake, which would have counted a call."""
    async with FakeAws() as aws, FakeAws() as elsewhere, aiohttp.ClientSession() as session:
        aws.misbehave(faults.redirected(elsewhere.endpoint_url), operation=None)
        async with session.post(aws.endpoint_url, allow_redirects=False) as response:
            seen = (response.status, response.headers["Location"])
        await (await session.get(aws.endpoint_url)).read()
        followed = elsewhere.count()

    assert seen == (302, elsewhere.endpoint_url)
    assert followed == 1


@pytest.mark.parametrize("kept_open", [True, False])
async def test_aws_goes_down_and_comes_back(*, kept_open: bool) -> None:
    """Down means no answer on any connection, also on one that was kept open."""
    connector = aiohttp.TCPConnector(force_close=not kept_open)
    async with FakeAws() as aws, aiohttp.ClientSession(connector=connector) as session:
        answered = []
        for down in (False, True, True, False):
            aws.down = down
            answered.append(await answers(session, aws.endpoint_url))

    assert answered == [True, False, False, True]


async def answers(session: aiohttp.ClientSession, url: str) -> bool:
    """Ask for anything, and tell whether there is an answer, good or bad."""
    try:
        async with session.get(url) as response:
            await response.read()
    except aiohttp.ClientConnectionError:
        return False
    return True


async def raw_answer(aws: FakeAws) -> Any:
    """Return the parsed body of ECR's answer, before a client makes it look better."""
    bodies: list[bytes] = []
    client = a_client(aws, "ecr", aws.add_access_key())
    client.meta.events.register(
        "before-parse.ecr.GetAuthorizationToken",
        lambda response_dict, **_: bodies.append(response_dict["body"]),
    )
    await outcome(client)
    return json.loads(bodies[-1])


@pytest.mark.parametrize("fault", NONSENSE, ids=lambda fault: fault.name)
async def test_nonsense_is_well_formed_and_not_the_good_answer(fault: Fault) -> None:
    """Each is JSON with status 200 that differs from a good answer in what it is named for."""
    async with FakeAws() as aws:
        good = await raw_answer(aws)
        aws.misbehave(fault)
        bad = await raw_answer(aws)

    assert shape(bad) != shape(good)


def shape(body: Any) -> Any:
    """Reduce an answer to what does not differ between good ones."""
    data = body.get("authorizationData") if isinstance(body, dict) else "not an object"
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        return data
    return [
        {
            **entry,
            "authorizationToken": token_shape(entry.get("authorizationToken")),
            "expiresAt": expiry_shape(entry.get("expiresAt")),
        }
        for entry in data
    ]


def token_shape(token: Any) -> Any:
    """Say what is wrong with a token; `good` otherwise."""
    try:
        text = base64.b64decode(token, validate=True).decode()
    except (TypeError, ValueError):
        return token
    return "good" if re.fullmatch(r"AWS:[A-Za-z0-9+/=]{1900,4000}", text) else text


def expiry_shape(at: Any) -> Any:
    """Say what is wrong with an expiry; `good` otherwise."""
    if not isinstance(at, float) or not math.isfinite(at):
        return at
    return "good" if 1.7e9 < at < 2.0e9 else at
