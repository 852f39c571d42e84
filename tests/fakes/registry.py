"""ECR, in memory, behind the one source of tokens that its callers share."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from ecr_secrets.aws.tokens import TokenSource
from ecr_secrets.core.identity import AccessKeys, Identity
from ecr_secrets.core.token import RegistryToken
from ecr_secrets.errors import AwsUnavailableError, OperatorError
from tests.core.builders import HOUR, IRELAND, NOON

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
