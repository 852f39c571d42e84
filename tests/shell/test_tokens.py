"""One call to AWS for all who wait for its token."""

import asyncio
from collections import Counter

import pytest

from tests.core.builders import IRELAND, VIRGINIA
from tests.fakes.eventually import eventually
from tests.fakes.registry import NEW, OLD, a_world, an_identity


async def test_a_stampede_costs_one_call() -> None:
    """Fifty callers at once get the same token, for one call to AWS."""
    async with a_world() as world:
        got = await asyncio.gather(*(world.tokens.token(OLD, IRELAND) for _ in range(50)))

        assert len({token.authorization for token in got}) == 1
        assert world.registry.calls.total() == 1


async def test_each_identity_and_region_has_a_token_of_its_own() -> None:
    """A token opens one region, for one identity: it is shared by nobody else."""
    async with a_world() as world:
        pairs = [(who, where) for who in (OLD, NEW) for where in (IRELAND, VIRGINIA)]
        got = await asyncio.gather(*(world.tokens.token(*pair) for pair in pairs))

        assert len({token.authorization for token in got}) == 4
        assert world.registry.calls == Counter(pairs)


async def test_equal_identities_share() -> None:
    """Two objects that name the same key, read twice, cost one call."""
    async with a_world() as world:
        first = await world.tokens.token(an_identity("A"), IRELAND)
        second = await world.tokens.token(an_identity("A"), IRELAND)

        assert first is second
        assert world.registry.calls.total() == 1


async def test_a_hanging_call_delays_no_other() -> None:
    """While one key hangs, another one's token comes at once."""
    async with a_world() as world:
        world.registry.hanging.add(OLD)
        waiting = asyncio.create_task(world.tokens.token(OLD, IRELAND))
        await eventually(lambda: world.registry.calls.total() == 1)

        async with asyncio.timeout(1):
            await world.tokens.token(NEW, IRELAND)

        assert not waiting.done()
        world.registry.let_go.set()
        await waiting


async def test_a_caller_that_leaves_does_not_take_the_call_along() -> None:
    """A pod that waited long enough is let go; the token still arrives for the others."""
    async with a_world() as world:
        world.registry.hanging.add(OLD)
        impatient = asyncio.create_task(world.tokens.token(OLD, IRELAND))
        patient = asyncio.create_task(world.tokens.token(OLD, IRELAND))
        await eventually(lambda: world.registry.calls.total() == 1)

        impatient.cancel()
        await asyncio.wait([impatient])
        world.registry.let_go.set()

        assert (await patient).authorization == "token 1"
        assert impatient.cancelled()
        assert world.registry.calls.total() == 1


async def test_a_call_that_everybody_left_is_still_of_use() -> None:
    """The next caller finds the token in memory."""
    async with a_world() as world:
        world.registry.hanging.add(OLD)
        impatient = asyncio.create_task(world.tokens.token(OLD, IRELAND))
        await eventually(lambda: world.registry.calls.total() == 1)
        impatient.cancel()
        await asyncio.wait([impatient])
        world.registry.let_go.set()
        await eventually(lambda: world.tokens.last_good(OLD, IRELAND) is not None)

        await world.tokens.token(OLD, IRELAND)

        assert world.registry.calls.total() == 1


async def test_a_bug_reaches_the_callers_and_ends_nothing_else() -> None:
    """An unexpected exception is one call's; the source goes on for everybody."""
    async with a_world() as world:
        world.registry.errors[OLD] = ZeroDivisionError("a bug")

        with pytest.raises(ZeroDivisionError):
            await world.tokens.token(OLD, IRELAND)
        world.registry.errors.clear()

        assert (await world.tokens.token(OLD, IRELAND)).authorization == "token 2"


async def test_the_end_waits_for_nothing() -> None:
    """Stopping cancels the calls in the air, also those of identities that were dropped."""
    async with asyncio.timeout(5):
        async with a_world() as world:
            world.registry.hanging.update({OLD, NEW})
            callers = [asyncio.create_task(world.tokens.token(who, IRELAND)) for who in (OLD, NEW)]
            await eventually(lambda: world.registry.calls.total() == 2)
            for caller in callers:
                caller.cancel()
            await asyncio.wait(callers)
            world.tokens.retain({NEW})

        assert world.registry.cancelled == 2
