"""Pods that wait for the same refresh share it."""

import asyncio
from datetime import timedelta

import pytest

from ecr_secrets.controller.demand import FLOOR, OWED_FOR, Demand, Look
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.errors import AccessDeniedError, ForbiddenError, NotFoundError, UnavailableError
from tests.fakes.virtual_time import run_in_virtual_time

SHOP, BANK = ObjectKey("shop", "ecr-login"), ObjectKey("bank", "ecr-login")
DENIED = AccessDeniedError("AccessDeniedException: allow ecr:GetAuthorizationToken")
REFUSED = ForbiddenError("apply secrets bank/ecr-login: a quota is reached")


class Asked:
    """A demand, and the looks it asked for."""

    def __init__(self) -> None:
        self.wakes: list[tuple[str, timedelta]] = []
        self.demand = Demand(lambda name, after: self.wakes.append((name, after)))

    def ask(self, target: ObjectKey, name: str = "ecr") -> asyncio.Task[None]:
        return asyncio.create_task(self.demand.refresh_now(name, target))


def test_everybody_who_asks_waits_for_one_look() -> None:
    """50 pods at once are one refresh."""

    async def scenario() -> list[tuple[str, timedelta]]:
        asked = Asked()
        waiting = [asked.ask(SHOP) for _ in range(50)]
        await asyncio.sleep(1)
        assert not any(task.done() for task in waiting)
        asked.demand.serve("ecr", SHOP)
        await asyncio.gather(*waiting)
        return asked.wakes

    assert run_in_virtual_time(scenario()) == [("ecr", timedelta(0))]


def test_each_target_ends_as_it_does() -> None:
    """One is served, another is refused, a third goes on waiting."""

    async def scenario() -> None:
        asked = Asked()
        shop, bank, lab = (asked.ask(target) for target in (SHOP, BANK, ObjectKey("lab", "x")))
        await asyncio.sleep(1)
        assert asked.demand.targets("ecr") == {SHOP, BANK, ObjectKey("lab", "x")}
        asked.demand.serve("ecr", SHOP)
        asked.demand.settle("ecr", Look(failures={BANK: REFUSED}, through=False))
        await asyncio.wait([shop, bank])
        assert shop.exception() is None
        assert bank.exception() is REFUSED
        assert not lab.done()

        asked.demand.settle("ecr", Look(problem=DENIED))
        with pytest.raises(AccessDeniedError):
            await lab

    run_in_virtual_time(scenario())


def test_a_caller_that_gives_up_leaves_the_others_waiting() -> None:
    """The bound of one pod is not the end of the refresh."""

    async def scenario() -> None:
        asked = Asked()
        impatient, patient = asked.ask(SHOP), asked.ask(SHOP)
        await asyncio.sleep(1)
        impatient.cancel()
        await asyncio.sleep(1)
        assert not patient.done()
        asked.demand.serve("ecr", SHOP)
        await patient

    run_in_virtual_time(scenario())


def test_a_flood_costs_a_look_a_second() -> None:
    """Forged reviews included."""

    async def scenario() -> list[tuple[str, timedelta]]:
        asked = Asked()
        for _ in range(3):
            waiting = asked.ask(SHOP)
            await asyncio.sleep(0)
            asked.demand.targets("ecr")
            asked.demand.fail("ecr", DENIED)
            await asyncio.wait([waiting])
            await asyncio.sleep(0.25)
        return asked.wakes

    wakes = run_in_virtual_time(scenario())

    assert [name for name, _ in wakes] == ["ecr"] * 3
    assert [after for _, after in wakes] == [timedelta(0), FLOOR * 0.75, FLOOR * 0.75]


def test_a_refresh_is_owed_until_all_namespaces_have_it() -> None:
    """Under OnPodAdmission the others are refreshed right after, on whichever replica it began."""

    async def scenario() -> list[bool]:
        asked = Asked()
        owed = [asked.demand.is_owed("ecr")]
        waiting = asked.ask(SHOP)
        await asyncio.sleep(1)
        for through in (False, True):
            asked.demand.serve("ecr", SHOP)
            asked.demand.settle("ecr", Look(through=through))
            owed.append(asked.demand.is_owed("ecr"))
        await waiting
        return owed

    assert run_in_virtual_time(scenario()) == [False, True, False]


def test_a_refresh_is_owed_as_long_as_a_pod_waits() -> None:
    """A look that finds AWS slow has nothing to write yet, and is not the last."""

    async def scenario() -> bool:
        asked = Asked()
        waiting = asked.ask(SHOP)
        await asyncio.sleep(1)
        asked.demand.settle("ecr", Look())
        owed = asked.demand.is_owed("ecr")
        waiting.cancel()
        return owed

    assert run_in_virtual_time(scenario())


def test_a_refresh_that_failed_is_owed_still() -> None:
    """The pod was admitted with a warning, and does not ask again."""

    async def scenario() -> bool:
        asked = Asked()
        waiting = asked.ask(SHOP)
        await asyncio.sleep(1)
        asked.demand.fail("ecr", DENIED)
        await asyncio.wait([waiting])
        return asked.demand.is_owed("ecr")

    assert run_in_virtual_time(scenario())


def test_what_cannot_be_done_is_given_up_an_hour_after_the_last_pod() -> None:
    """Somebody has to mend it; and a replica that does not lead must not act for ever."""

    async def scenario() -> list[bool]:
        asked = Asked()
        owed = []
        for _ in range(2):
            waiting = asked.ask(SHOP)
            await asyncio.sleep(1)
            asked.demand.fail("ecr", DENIED)
            await asyncio.wait([waiting])
            await asyncio.sleep(OWED_FOR.total_seconds() - 2)
            owed.append(asked.demand.is_owed("ecr"))
        await asyncio.sleep(2)
        owed.append(asked.demand.is_owed("ecr"))
        await asked.demand.wait_paid()
        return owed

    assert run_in_virtual_time(scenario()) == [True, True, False]


def test_who_still_waits_for_what_is_given_up_is_told() -> None:
    """The next pod asks anew."""

    async def scenario() -> int:
        asked = Asked()
        waiting = asked.ask(SHOP)
        await asyncio.sleep(OWED_FOR.total_seconds() + 1)
        assert not asked.demand.is_owed("ecr")
        with pytest.raises(UnavailableError):
            await waiting
        again = asked.ask(SHOP)
        await asyncio.sleep(0)
        again.cancel()
        return len(asked.wakes)

    assert run_in_virtual_time(scenario()) == 2


def test_the_end_is_waited_for_until_nothing_is_owed() -> None:
    """What a replica owes nobody else knows of."""

    async def scenario() -> float:
        loop = asyncio.get_running_loop()
        asked = Asked()
        waiting = [asked.ask(SHOP, name) for name in ("ecr", "gone")]
        await asyncio.sleep(1)
        loop.call_later(1, asked.demand.serve, "ecr", SHOP)
        loop.call_later(2, asked.demand.settle, "ecr", Look(known={SHOP}))
        loop.call_later(3, asked.demand.forget, "gone")
        await asked.demand.wait_paid()
        await asyncio.wait(waiting)
        return loop.time()

    assert run_in_virtual_time(scenario()) == 4


def test_a_namespace_that_does_not_exist_is_waited_for_a_moment_only() -> None:
    """It may be new; but one that never comes must not have the credential owed for ever."""

    async def scenario() -> list[bool]:
        asked = Asked()
        waiting = asked.ask(SHOP)
        owed = []
        for _ in range(2):
            await asyncio.sleep(1.5)
            asked.demand.settle("ecr", Look(known={BANK}))
            owed.append(asked.demand.is_owed("ecr"))
        with pytest.raises(NotFoundError, match="no such namespace"):
            await waiting
        return owed

    assert run_in_virtual_time(scenario()) == [True, False]


def test_a_slow_target_is_waited_for() -> None:
    """AWS may take its time; only who waits gives up."""

    async def scenario() -> bool:
        asked = Asked()
        waiting = asked.ask(SHOP)
        await asyncio.sleep(60)
        asked.demand.settle("ecr", Look(known={SHOP}))
        done = waiting.done()
        asked.demand.serve("ecr", SHOP)
        await waiting
        return done

    assert not run_in_virtual_time(scenario())


def test_nobody_waits_for_a_credential_that_is_gone() -> None:
    """Its successor of the same name is looked at when the next pod asks."""

    async def scenario() -> list[tuple[str, timedelta]]:
        asked = Asked()
        waiting = asked.ask(SHOP)
        await asyncio.sleep(1)
        asked.demand.forget("ecr")
        with pytest.raises(NotFoundError):
            await waiting
        again = asked.ask(SHOP)
        await asyncio.sleep(0)
        again.cancel()
        return asked.wakes

    assert run_in_virtual_time(scenario()) == [("ecr", timedelta(0))] * 2
