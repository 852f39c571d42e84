"""How long a token is kept."""

import asyncio
from datetime import timedelta

import pytest

from ecr_secrets.aws.tokens import FLOOR
from ecr_secrets.errors import AccessDeniedError
from tests.core.builders import HOUR, IRELAND, SECOND, VIRGINIA
from tests.fakes.eventually import eventually
from tests.fakes.registry import DOWN, NEW, OLD, a_world


@pytest.mark.parametrize(
    ("after", "calls"),
    [
        pytest.param(-SECOND, 1, id="just-before-stale"),
        pytest.param(timedelta(), 2, id="exactly-stale"),
        pytest.param(SECOND, 2, id="just-after"),
    ],
)
async def test_a_token_is_kept_until_it_is_stale(after: timedelta, calls: int) -> None:
    """From half of its life on, and not before, AWS is asked for the next one."""
    async with a_world() as world:
        first = await world.tokens.token(OLD, IRELAND)
        world.clock.now = first.stale_at + after

        await world.tokens.token(OLD, IRELAND)

        assert world.registry.calls.total() == calls


@pytest.mark.parametrize(
    ("after", "calls"),
    [
        pytest.param(-SECOND, 1, id="just-inside-the-floor"),
        pytest.param(timedelta(), 2, id="exactly-at-the-floor"),
        pytest.param(SECOND, 2, id="just-outside-the-floor"),
    ],
)
async def test_tokens_of_seconds_do_not_become_a_call_per_caller(
    after: timedelta, calls: int
) -> None:
    """However short the tokens that AWS gives, its calls keep their distance."""
    async with a_world() as world:
        world.registry.life = FLOOR + 2 * SECOND
        await world.tokens.token(OLD, IRELAND)
        world.clock.now += FLOOR + after

        await world.tokens.token(OLD, IRELAND)

        assert world.registry.calls.total() == calls


async def test_a_failing_refresh_leaves_the_good_token() -> None:
    """Half of a token's life is there for AWS to come back in."""
    async with a_world() as world:
        good = await world.tokens.token(OLD, IRELAND)
        world.registry.errors[OLD] = DOWN
        world.clock.now = good.stale_at
        await world.fails()

        assert world.tokens.last_good(OLD, IRELAND) is good


@pytest.mark.parametrize(
    ("after", "known"),
    [
        pytest.param(-SECOND, True, id="just-before-expiry"),
        pytest.param(timedelta(), False, id="exactly-at-expiry"),
        pytest.param(SECOND, False, id="just-after"),
    ],
)
async def test_an_expired_token_is_not_good(after: timedelta, known: bool) -> None:
    """The last good token is one that still opens the registry."""
    async with a_world() as world:
        token = await world.tokens.token(OLD, IRELAND)
        world.clock.now = token.expires_at + after

        assert (world.tokens.last_good(OLD, IRELAND) is not None) == known


async def test_a_bad_new_key_leaves_the_good_token() -> None:
    """A key that AWS does not know replaces nothing that works."""
    async with a_world() as world:
        good = await world.tokens.token(OLD, IRELAND)
        world.registry.errors[NEW] = AccessDeniedError("no such key")
        await world.fails(NEW)

        assert world.tokens.last_good(OLD, IRELAND) is good
        assert world.tokens.last_good(NEW, IRELAND) is None


async def test_what_belongs_to_an_identity_out_of_use_is_dropped_at_once() -> None:
    """Tokens, failures and AWS sessions of a key that was replaced do not linger."""
    async with a_world() as world:
        await world.tokens.token(OLD, IRELAND)
        world.registry.errors[VIRGINIA] = DOWN
        await world.fails(OLD, VIRGINIA)
        kept = await world.tokens.token(NEW, IRELAND)

        world.tokens.retain({NEW})

        assert world.tokens.last_good(OLD, IRELAND) is None
        assert world.tokens.retry_at(OLD, VIRGINIA) is None
        assert world.tokens.last_good(NEW, IRELAND) is kept
        assert world.registry.kept == frozenset({NEW})


async def test_a_call_of_a_dropped_identity_is_kept_by_nobody() -> None:
    """Who waits still gets the token, since it opens the registry; then it is forgotten."""
    async with a_world() as world:
        world.registry.hanging.add(OLD)
        waiting = asyncio.create_task(world.tokens.token(OLD, IRELAND))
        await eventually(lambda: world.registry.calls.total() == 1)

        world.tokens.retain({NEW})
        world.registry.let_go.set()

        assert (await waiting).authorization == "token 1"
        assert world.tokens.last_good(OLD, IRELAND) is None


async def test_a_token_that_expires_earlier_does_not_replace_a_later_one() -> None:
    """Last good wins: the longer life stays, and AWS is not asked more often for it."""
    async with a_world() as world:
        long = await world.tokens.token(OLD, IRELAND)
        world.clock.now = long.stale_at
        world.registry.life = HOUR

        got = [await world.tokens.token(OLD, IRELAND) for _ in range(10)]

        assert all(token is long for token in got)
        assert world.registry.calls.total() == 2


async def test_a_clock_that_is_set_back_lengthens_no_life() -> None:
    """What has been fresh for its time is stale, whatever the wall clock says."""
    async with a_world() as world:
        world.registry.life = timedelta(seconds=0.2)
        await world.tokens.token(OLD, IRELAND)
        world.clock.now -= 5 * HOUR

        await eventually(lambda: world.tokens.last_good(OLD, IRELAND) is None)
        await world.tokens.token(OLD, IRELAND)

        assert world.registry.calls.total() == 2
