"""How long AWS is left alone after a failure."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from ecr_secrets.aws.tokens import CAP, FLOOR
from ecr_secrets.errors import AccessDeniedError, OperatorError
from tests.core.builders import HOUR, IRELAND, NOON, SECOND, VIRGINIA
from tests.fakes.eventually import eventually
from tests.fakes.registry import DOWN, NEW, OLD, a_world


async def test_a_failure_is_remembered_instead_of_repeated() -> None:
    """While AWS is left alone, everybody gets the error at once, without a call."""
    async with a_world() as world:
        world.registry.errors[OLD] = DOWN

        errors = [await world.fails() for _ in range(50)]

        assert {str(error) for error in errors} == {"AWS is away"}
        assert world.registry.calls.total() == 1
        assert world.tokens.retry_at(OLD, IRELAND) == NOON + 1.5 * FLOOR


async def test_a_stampede_into_a_failure_costs_one_call() -> None:
    """All who wait for a call that fails get its error."""
    async with a_world() as world:
        world.registry.errors[OLD] = DOWN

        await asyncio.gather(*(world.fails() for _ in range(50)))

        assert world.registry.calls.total() == 1


@pytest.mark.parametrize(
    "error", [DOWN, AccessDeniedError("denied")], ids=["unavailable", "denied"]
)
async def test_an_hour_of_failures_is_bounded_on_both_sides(error: OperatorError) -> None:
    """Failures are at least 5 s apart, at most 50 s: AWS is spared, and its return is noticed."""
    async with a_world(fraction=0.999) as world:
        world.registry.errors[OLD] = error
        called_at: list[datetime] = []
        while world.clock.now < NOON + HOUR:
            before = world.registry.calls.total()
            await world.fails()
            if world.registry.calls.total() > before:
                called_at.append(world.clock.now)
            world.clock.now += SECOND
        gaps = [later - earlier for earlier, later in pairwise(called_at)]

        assert min(gaps) >= FLOOR
        assert max(gaps) == CAP
        assert len(called_at) < 3600 / 50 + 5


async def test_the_floor_holds_when_the_jitter_is_nothing() -> None:
    """Bad luck with the jitter does not turn into a hot loop."""
    async with a_world(fraction=0) as world:
        world.registry.errors[OLD] = DOWN
        for _ in range(60):
            await world.fails()
            world.clock.now += SECOND

        assert world.registry.calls.total() == 60 / FLOOR.total_seconds()


async def test_all_is_right_again_within_a_minute_after_the_fault() -> None:
    """Whoever asks when `retry_at` says gets a token soon after AWS is back."""
    async with a_world(fraction=0.999) as world:
        world.registry.errors[OLD] = DOWN
        for _ in range(20):
            await world.fails()
            world.clock.now = world.tokens.retry_at(OLD, IRELAND) or world.clock.now
        await world.fails()
        world.registry.errors.clear()
        back = world.clock.now

        world.clock.now = world.tokens.retry_at(OLD, IRELAND) or world.clock.now
        await world.tokens.token(OLD, IRELAND)

        assert world.clock.now - back < timedelta(seconds=60)
        assert world.tokens.retry_at(OLD, IRELAND) is None


async def test_a_success_ends_the_backoff() -> None:
    """The next failure, hours later, is a first one again."""
    async with a_world(fraction=0.999) as world:
        world.registry.errors[OLD] = DOWN
        for _ in range(10):
            await world.fails()
            world.clock.now += CAP
        world.registry.errors.clear()
        token = await world.tokens.token(OLD, IRELAND)
        world.clock.now = token.stale_at
        world.registry.errors[OLD] = DOWN
        await world.fails()

        retry_at = world.tokens.retry_at(OLD, IRELAND)
        assert retry_at is not None
        assert retry_at - world.clock.now < 2 * FLOOR


async def test_a_failing_region_leaves_the_others_alone() -> None:
    """The backoff is one region's and one identity's, as the fault is."""
    async with a_world() as world:
        world.registry.errors[VIRGINIA] = DOWN
        await world.fails(region=VIRGINIA)

        token = await world.tokens.token(OLD, IRELAND)

        assert token.region == IRELAND
        assert world.tokens.retry_at(OLD, IRELAND) is None


async def test_a_new_key_is_tried_at_once() -> None:
    """Whoever corrects the key does not wait for the backoff of the wrong one."""
    async with a_world() as world:
        world.registry.errors[OLD] = AccessDeniedError("no such key")
        await world.fails(OLD)
        world.tokens.retain({NEW})

        token = await world.tokens.token(NEW, IRELAND)

        assert token.authorization == "token 2"


async def test_a_failure_of_a_dropped_identity_is_kept_by_nobody() -> None:
    """A key that was put back after all is tried at once."""
    async with a_world() as world:
        world.registry.hanging.add(OLD)
        world.registry.errors[OLD] = DOWN
        waiting = asyncio.create_task(world.fails())
        await eventually(lambda: world.registry.calls.total() == 1)

        world.tokens.retain({NEW})
        world.registry.let_go.set()
        await waiting

        assert world.tokens.retry_at(OLD, IRELAND) is None


async def test_a_clock_that_is_set_back_keeps_nobody_from_trying() -> None:
    """A backoff ends after its seconds, not when a wrong clock says so hours later."""
    async with a_world() as world:
        world.registry.errors[OLD] = DOWN
        await world.fails()
        world.clock.now -= 5 * HOUR
        world.registry.errors.clear()

        await world.tokens.token(OLD, IRELAND)

        assert world.tokens.retry_at(OLD, IRELAND) is None
