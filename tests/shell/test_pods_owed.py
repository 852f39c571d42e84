"""What a pod has asked for is done, however often it fails at first: the pod does not ask again."""

import asyncio

import pytest

from ecr_secrets.controller.demand import OWED_FOR
from ecr_secrets.errors import AwsUnavailableError, OperatorError, UnavailableError
from tests.fakes.operation import CREDENTIAL, Operation, secret_of
from tests.fakes.virtual_time import run_in_virtual_time

_THROTTLED = AwsUnavailableError("ThrottlingException")
_AWAY = UnavailableError("apply secrets bank/ecr-login: 503")
_ANY_REPLICA = pytest.mark.parametrize(
    "leading", [pytest.param(True, id="leader"), pytest.param(False, id="follower")]
)


@_ANY_REPLICA
def test_a_pull_secret_is_refreshed_when_aws_is_back(leading: bool) -> None:
    """No timer sees to it: under OnPodAdmission the pod that was warned was the last to ask."""

    async def scenario() -> bool:
        async with Operation("shop", leading=leading) as operation:
            expired = operation.secrets[secret_of("shop")]
            operation.make_aws_fail(_THROTTLED)
            with pytest.raises(OperatorError):
                await operation.pod("shop")
            operation.make_aws_fail(None)
            await asyncio.sleep(60)
            assert not operation.demand.is_owed(CREDENTIAL)
            return operation.secrets[secret_of("shop")] != expired

    assert run_in_virtual_time(scenario())


@_ANY_REPLICA
def test_the_other_namespaces_follow_although_one_write_failed(
    leading: bool,
) -> None:
    """Right after the first one, or as soon as the API server takes it."""

    async def scenario() -> bool:
        async with Operation("bank", "shop", leading=leading) as operation:
            expired = operation.secrets[secret_of("bank")]
            operation.kube.refusals["bank"] = _AWAY
            await operation.pod("shop")
            await asyncio.sleep(0.5)
            del operation.kube.refusals["bank"]
            await asyncio.sleep(60)
            assert not operation.demand.is_owed(CREDENTIAL)
            return operation.secrets[secret_of("bank")] != expired

    assert run_in_virtual_time(scenario())


def test_what_is_owed_is_tried_at_the_pace_of_a_backoff() -> None:
    """AWS is not asked more often than any failing credential has it asked."""

    async def scenario() -> int:
        async with Operation("shop") as operation:
            operation.make_aws_fail(_THROTTLED)
            with pytest.raises(OperatorError):
                await operation.pod("shop")
            await asyncio.sleep(60)
            return operation.aws_calls()

    assert run_in_virtual_time(scenario()) <= 13


def test_a_namespace_that_never_takes_it_has_no_follower_act_for_ever() -> None:
    """It is refused for good; an hour after the pod, a replica that does not lead rests."""

    async def scenario() -> tuple[int, int]:
        async with Operation("bank", "shop", leading=False) as operation:
            operation.kube.refusals["bank"] = _AWAY
            await operation.pod("shop")
            await asyncio.sleep(2 * OWED_FOR.total_seconds())
            writes = len(operation.kube.writes)
            await asyncio.sleep(24 * OWED_FOR.total_seconds())
            return writes, len(operation.kube.writes)

    before, after = run_in_virtual_time(scenario())

    assert 2 < before == after


def test_a_pod_in_a_namespace_that_is_not_there_has_no_token_replaced() -> None:
    """Whoever reaches the port can ask about it; what is hours from its end stays."""

    async def scenario() -> int:
        async with Operation("shop", absent="ghost", stale=True) as operation:
            with pytest.raises(OperatorError, match="no such namespace"):
                await operation.pod("ghost")
            await asyncio.sleep(60)
            assert not operation.demand.is_owed(CREDENTIAL)
            return operation.aws_calls()

    assert run_in_virtual_time(scenario()) == 0
