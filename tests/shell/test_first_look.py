"""What has been seen when a replica that starts takes its first question."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import msgspec
import pytest

from ecr_secrets.cli.assemble import Operator, Wiring, assemble, utc_now
from ecr_secrets.errors import ForbiddenError
from ecr_secrets.settings import Config
from ecr_secrets.webhook.admit import PodWebhook
from tests.core.builders import a_credential_manifest
from tests.core.reviews import a_body
from tests.fakes.listing import SlowLists
from tests.fakes.virtual_time import run_in_virtual_time

_FOR_EVER = 3600.0  # seconds
_UNWARNED: dict[str, Any] = {"allowed": True, "warnings": None}
_LATE: dict[str, Any] = {
    "allowed": True,
    "warnings": ["pull secret not refreshed: NotInTime: AWSECRCredential shop-ecr"],
}


@asynccontextmanager
async def _started(lists: SlowLists, *, workers: int = 4, **config: Any) -> AsyncIterator[Operator]:
    """Run what looks at the cluster, in a replica that does not lead and never asks AWS."""
    wiring = Wiring(instance="a", leading=lambda: False, changed=lambda: None)
    operator = assemble(Config(**config), cast("Any", lists), cast("Any", None), wiring)
    works = [operator.world.run(), operator.controller.run(workers)]
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield operator
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _seconds_until_seen(lists: SlowLists, **config: Any) -> float:
    async with _started(lists, **config) as operator:
        await operator.wait_seen()
        return asyncio.get_running_loop().time()


async def _ask(operator: Operator) -> tuple[dict[str, Any], float]:
    """Ask about a pod; return the answer, and how many seconds it took."""
    pods = PodWebhook(
        managed=operator.triggers.managed,
        found=operator.world.secrets.find,
        refresh_now=operator.demand.refresh_now,
        clock=utc_now,
    )
    began = asyncio.get_running_loop().time()
    answer = msgspec.json.decode(await pods.admit(a_body("ecr-login", namespace="shop")))
    response = {field: answer["response"].get(field) for field in ("allowed", "warnings")}
    return response, asyncio.get_running_loop().time() - began


@pytest.mark.parametrize("workers", [4, 0], ids=["looked-at", "all-workers-busy"])
@pytest.mark.parametrize("namespaces", ["", "bank,shop"], ids=["everywhere", "place-by-place"])
def test_the_first_pod_finds_its_fresh_pull_secret_known(workers: int, namespaces: str) -> None:
    """With each rollout of the operator pods would wait for nothing, and be told it was late."""

    async def scenario() -> tuple[dict[str, Any], float]:
        lists = SlowLists([a_credential_manifest("shop")], "shop", seconds=3)
        async with _started(lists, workers=workers, namespaces=namespaces) as operator:
            await operator.wait_seen()
            return await _ask(operator)

    assert run_in_virtual_time(scenario()) == (_UNWARNED, 0)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(1, (_UNWARNED, pytest.approx(1)), id="listed-within-the-bound"),
        pytest.param(3, (_LATE, pytest.approx(1.5)), id="listed-later"),
    ],
)
def test_a_pod_waits_for_the_list_of_a_credential_that_came_later(
    seconds: float, expected: tuple[dict[str, Any], float]
) -> None:
    """What is not known yet is not called missing before the bound is reached."""

    async def scenario() -> tuple[dict[str, Any], float]:
        lists = SlowLists([a_credential_manifest("shop")], "shop", seconds=seconds)
        async with _started(lists) as operator:
            await operator.world.wait_synced()
            return await _ask(operator)

    assert run_in_virtual_time(scenario()) == expected


def test_a_list_that_does_not_come_is_waited_for_only_so_long() -> None:
    """The pods of all others are not to go without the operator because of one."""
    lists = SlowLists([a_credential_manifest("shop")], "shop", seconds=_FOR_EVER)

    assert run_in_virtual_time(_seconds_until_seen(lists)) == pytest.approx(15)


@pytest.mark.parametrize(
    ("namespaces", "refused"),
    [
        pytest.param("", [""], id="everywhere"),
        pytest.param("bank,shop", ["bank", "shop"], id="place-by-place"),
    ],
)
def test_a_right_to_list_that_is_missing_is_not_waited_for(
    namespaces: str, refused: list[str]
) -> None:
    """Where only some names are granted, an object that asks for another one holds nobody up."""
    lists = SlowLists([a_credential_manifest("shop")], "shop", seconds=_FOR_EVER)
    lists.refusals = {place: ForbiddenError("list secrets: forbidden") for place in refused}

    took = run_in_virtual_time(_seconds_until_seen(lists, namespaces=namespaces))

    assert took == pytest.approx(0)


@pytest.mark.parametrize(
    "credentials",
    [
        pytest.param([], id="no-credential"),
        pytest.param([a_credential_manifest("shop", secretName="No!")], id="invalid-spec"),
    ],
)
def test_nothing_is_waited_for_that_no_pod_is_asked_about(credentials: list[Any]) -> None:
    """Its pull secrets are none of ours."""
    lists = SlowLists(credentials, "shop", seconds=_FOR_EVER)

    assert run_in_virtual_time(_seconds_until_seen(lists)) == pytest.approx(0)


def test_a_credential_that_goes_meanwhile_is_neither_waited_for_nor_followed() -> None:
    """Even if nobody had the time to look at it while it was there."""

    async def scenario() -> tuple[float, list[str]]:
        lists = SlowLists([a_credential_manifest("shop")], "shop", seconds=_FOR_EVER)
        async with _started(lists, workers=0) as operator:
            seen = asyncio.create_task(operator.wait_seen())
            await asyncio.sleep(5)
            followed = list(lists.followed)
            worker = asyncio.create_task(operator.controller.run(1))
            lists.delete_credentials()
            await seen
            worker.cancel()
            assert followed == ["metadata.name=ecr-login"]
            return asyncio.get_running_loop().time(), lists.followed

    ended, followed = run_in_virtual_time(scenario())

    assert ended == pytest.approx(5)
    assert followed == []
