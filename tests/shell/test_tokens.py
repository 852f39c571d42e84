"""One token for all who need it: sharing, keeping, backing off and forgetting."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from ecr_secrets.aws.tokens import CAP, FLOOR, TokenSource
from ecr_secrets.core.identity import AccessKeys, Identity
from ecr_secrets.core.token import RegistryToken
from ecr_secrets.errors import AccessDeniedError, AwsUnavailableError, OperatorError
from tests.fakes.eventually import eventually

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
IRELAND, VIRGINIA = "eu-west-1", "us-east-1"
DOWN = AwsUnavailableError("AWS is away")


def an_identity(name: str = "A") -> Identity:
    """Build an identity with keys of its own."""
    return Identity(keys=AccessKeys(access_key_id=f"AKIA{name}", secret_access_key="secret"))


OLD, NEW = an_identity("OLD"), an_identity("NEW")


@dataclass
class Clock:
    """A wall clock that a test sets."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class FakeRegistry:
    """ECR, in memory: counts, and fails on request."""

    clock: Clock
    life: timedelta = 12 * HOUR
    errors: dict[Identity | str, Exception] = field(default_factory=dict)  # by identity or region
    calls: Counter[tuple[Identity, str]] = field(default_factory=Counter)
    hanging: set[Identity] = field(default_factory=set)
    cancelled: int = 0
    kept: frozenset[Identity] | None = None  # None: nothing was dropped yet
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def fetch(self, identity: Identity, region: str) -> RegistryToken:
        """Answer after a while, as the errors and the hanging say."""
        self.calls[identity, region] += 1
        number = self.calls.total()
        try:
            if identity in self.hanging:
                await self.let_go.wait()
            await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        for key in (identity, region):
            if key in self.errors:
                raise self.errors[key]
        return RegistryToken(
            host=f"111122223333.dkr.ecr.{region}.amazonaws.com",
            region=region,
            authorization=f"token {number}",
            issued_at=self.clock.now,
            expires_at=self.clock.now + self.life,
        )

    def retain(self, identities: Collection[Identity]) -> None:
        """Note which identities are still in use."""
        self.kept = frozenset(identities)


@dataclass
class World:
    """A token source over a fake registry, at a time that the test sets."""

    clock: Clock
    registry: FakeRegistry
    tokens: TokenSource

    async def fails(self, identity: Identity = OLD, region: str = IRELAND) -> OperatorError:
        """Ask for a token that is not to be had."""
        with pytest.raises(OperatorError) as raised:
            await self.tokens.token(identity, region)
        return raised.value


@asynccontextmanager
async def a_world(*, fraction: float = 0.5) -> AsyncIterator[World]:
    """Build the world; the jitter falls where the fraction says."""
    clock = Clock()
    registry = FakeRegistry(clock)
    async with TokenSource(registry, clock=clock, fraction=lambda: fraction) as tokens:
        yield World(clock, registry, tokens)


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


async def test_a_new_key_is_tried_at_once() -> None:
    """Whoever corrects the key does not wait for the backoff of the wrong one."""
    async with a_world() as world:
        world.registry.errors[OLD] = AccessDeniedError("no such key")
        await world.fails(OLD)
        world.tokens.retain({NEW})

        token = await world.tokens.token(NEW, IRELAND)

        assert token.authorization == "token 2"


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


async def test_a_token_that_expires_earlier_does_not_replace_a_later_one() -> None:
    """Last good wins: the longer life stays, and AWS is not asked more often for it."""
    async with a_world() as world:
        long = await world.tokens.token(OLD, IRELAND)
        world.clock.now = long.stale_at
        world.registry.life = HOUR

        got = [await world.tokens.token(OLD, IRELAND) for _ in range(10)]

        assert all(token is long for token in got)
        assert world.registry.calls.total() == 2


async def test_a_clock_that_is_set_back_keeps_nobody_from_trying() -> None:
    """A backoff ends after its seconds, not when a wrong clock says so hours later."""
    async with a_world() as world:
        world.registry.errors[OLD] = DOWN
        await world.fails()
        world.clock.now -= 5 * HOUR
        world.registry.errors.clear()

        await world.tokens.token(OLD, IRELAND)

        assert world.tokens.retry_at(OLD, IRELAND) is None


async def test_a_clock_that_is_set_back_lengthens_no_life() -> None:
    """What has been fresh for its time is stale, whatever the wall clock says."""
    async with a_world() as world:
        world.registry.life = timedelta(seconds=0.2)
        await world.tokens.token(OLD, IRELAND)
        world.clock.now -= 5 * HOUR

        await eventually(lambda: world.tokens.last_good(OLD, IRELAND) is None)
        await world.tokens.token(OLD, IRELAND)

        assert world.registry.calls.total() == 2


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
