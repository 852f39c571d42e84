"""The fake knows what it was asked."""

import asyncio

from testbed.aws.calls import Call
from testbed.aws.faults import HANG, THROTTLED
from testbed.aws.server import FakeAws
from tests.fakes.eventually import eventually
from tests.testbed.aws_clients import a_client, outcome

_OPERATION = "ecr:GetAuthorizationToken"


async def test_calls_are_counted_by_who_asked_where_and_with_what_result() -> None:
    """Whether one call per identity and region was made is read off the counters."""
    async with FakeAws() as aws:
        one, other = aws.add_access_key(), aws.add_access_key()
        await outcome(a_client(aws, "ecr", one, region="eu-west-1"))
        await outcome(a_client(aws, "ecr", one, region="eu-west-1"))
        await outcome(a_client(aws, "ecr", one, region="us-east-1"))
        await outcome(a_client(aws, "ecr", other, secret="wrong", region="us-east-1"))
        await outcome(a_client(aws, "sts", other), "get_caller_identity")
        counts = dict(aws.calls.counts)
        sums = (
            aws.count(),
            aws.count(operation=_OPERATION),
            aws.count(operation="GetAuthorizationToken", region="us-east-1"),
            aws.count(principal=one.access_key_id),
            aws.count(result="ok"),
        )

    assert counts == {
        Call(operation=_OPERATION, principal=one.access_key_id, region="eu-west-1", result="ok"): 2,
        Call(operation=_OPERATION, principal=one.access_key_id, region="us-east-1", result="ok"): 1,
        Call(
            operation=_OPERATION,
            principal=other.access_key_id,
            region="us-east-1",
            result="InvalidSignatureException",
        ): 1,
        Call(
            operation="sts:GetCallerIdentity",
            principal=other.access_key_id,
            region="eu-west-1",
            result="ok",
        ): 1,
    }
    assert sums == (5, 4, 2, 3, 4)


async def test_counting_starts_anew() -> None:
    """A benchmark counts what happens from now on."""
    async with FakeAws() as aws:
        key = aws.add_access_key()
        aws.misbehave(THROTTLED, times=1)
        await outcome(a_client(aws, "ecr", key))
        aws.reset_counters()
        await outcome(a_client(aws, "ecr", key))

        assert (aws.count(), aws.count(result="ok"), aws.calls.most_in_flight) == (1, 1, 1)


async def test_calls_at_the_same_time_are_seen() -> None:
    """The most that were in flight at once, and how many are now."""
    async with FakeAws() as aws, asyncio.TaskGroup() as group:
        key = aws.add_access_key()
        aws.misbehave(HANG)
        tasks = [group.create_task(outcome(a_client(aws, "ecr", key))) for _ in range(3)]
        await eventually(lambda: aws.calls.in_flight == 3)
        aws.behave()
        results = [await task for task in tasks]
        await eventually(lambda: aws.calls.in_flight == 0)
        await outcome(a_client(aws, "ecr", key))
        most = aws.calls.most_in_flight
        aws.reset_counters()
        most_since = aws.calls.most_in_flight

    assert (results, most, most_since) == (["ok"] * 3, 3, 0)
