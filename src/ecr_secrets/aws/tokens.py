"""One token per identity and region, shared by all who need it."""

import asyncio
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol, Self

from ecr_secrets.core.backoff import full_jitter
from ecr_secrets.core.identity import Identity
from ecr_secrets.core.token import RegistryToken
from ecr_secrets.errors import OperatorError

FLOOR = timedelta(seconds=5)  # between two calls for the same token, at least
CAP = timedelta(seconds=50)  # between two failures, at most: all is right 60 s after a fault ends


class Registry(Protocol):
    """Where tokens come from."""

    async def fetch(self, identity: Identity, region: str) -> RegistryToken:
        """Get a new token."""

    def retain(self, identities: Collection[Identity]) -> None:
        """Drop what is kept for all other identities."""


class _Key(NamedTuple):
    identity: Identity
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A token in memory, dated by two clocks: a wall clock that is set back lengthens no life."""

    token: RegistryToken
    fresh_until: datetime
    fresh_until_monotonic: float  # seconds, by the loop's clock
    expires_at_monotonic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    error: OperatorError
    in_a_row: int
    since: datetime
    retry_at: datetime


class TokenSource:
    """Hands out registry tokens: from memory while they are fresh, else by one call for all.

    An async context manager that owns the calls in the air. Its state is touched between awaits
    only, on the loop it was entered in.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        clock: Callable[[], datetime],
        fraction: Callable[[], float] = random.random,  # noqa: S311 - no secret, a jitter
    ) -> None:
        """Keep the parts.

        Args:
            fraction: a random number in [0, 1), for the jitter of the backoff.
        """
        self._registry = registry
        self._clock = clock
        self._fraction = fraction
        self._held: dict[_Key, _Held] = {}
        self._failures: dict[_Key, _Failure] = {}
        self._flights: dict[_Key, asyncio.Task[RegistryToken | BaseException]] = {}
        self._in_the_air: set[asyncio.Task[RegistryToken | BaseException]] = (
            set()
        )  # dropped ones too
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        """Become the owner of calls."""
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Cancel the calls in the air and see them end."""
        for flight in self._in_the_air:
            flight.cancel()
        await self._group.__aexit__(None, None, None)

    async def token(self, identity: Identity, region: str) -> RegistryToken:
        """Return a fresh token.

        After a failure, everybody who asks gets the same error, without a call to AWS, until
        `retry_at`. A caller that is cancelled leaves the call to the others who wait for it.

        Raises:
            OperatorError: there is no fresh token to be had. `last_good` may still know one.
        """
        key = _Key(identity, region)
        flight = self._flights.get(key)
        if flight is None:
            held = self._held.get(key)
            if held is not None and self._is_fresh(held):
                return held.token
            failure = self._backing_off(key)
            if failure is not None:
                raise failure.error.with_traceback(None)
            flight = self._take_off(key)
        outcome = await asyncio.shield(flight)
        if isinstance(outcome, BaseException):
            raise outcome.with_traceback(None)
        return outcome

    def last_good(self, identity: Identity, region: str) -> RegistryToken | None:
        """Return the newest token that has not expired, stale ones included."""
        held = self._held.get(_Key(identity, region))
        if held is None or self._clock() >= held.token.expires_at:
            return None
        return held.token if _monotonic() < held.expires_at_monotonic else None

    def retry_at(self, identity: Identity, region: str) -> datetime | None:
        """Tell until when AWS is left alone after a failure; None: the next ask may call."""
        failure = self._backing_off(_Key(identity, region))
        return failure.retry_at if failure is not None else None

    def retain(self, identities: Collection[Identity]) -> None:
        """Forget at once all that belongs to other identities: tokens, failures, AWS sessions.

        Who waits for a call of theirs still gets its result, which is then kept by nobody.
        """
        kept = frozenset(identities)
        for known in (self._held, self._failures, self._flights):
            for key in [key for key in known if key.identity not in kept]:
                del known[key]
        self._registry.retain(kept)

    def _take_off(self, key: _Key) -> asyncio.Task[RegistryToken | BaseException]:
        flight = self._group.create_task(self._fly(key), name=f"token of {key.region}")
        self._flights[key] = flight
        self._in_the_air.add(flight)
        flight.add_done_callback(self._in_the_air.discard)
        return flight

    async def _fly(self, key: _Key) -> RegistryToken | BaseException:
        """Call AWS once; a failure is a value here, since one that is raised ends all calls."""
        fetch = self._registry.fetch(key.identity, key.region)
        (outcome,) = await asyncio.gather(fetch, return_exceptions=True)
        if self._flights.get(key) is not asyncio.current_task():  # dropped meanwhile
            return outcome
        del self._flights[key]
        if isinstance(outcome, OperatorError):
            self._failures[key] = self._failed(key, outcome)
        elif isinstance(outcome, RegistryToken):
            self._failures.pop(key, None)
            self._held[key] = self._hold(key, outcome)
            return self._held[key].token
        return outcome

    def _hold(self, key: _Key, token: RegistryToken) -> _Held:
        """Keep the token that lives longer, and look again when the new one is stale."""
        now, monotonic = self._clock(), _monotonic()
        fresh_until = max(token.stale_at, min(now + FLOOR, token.expires_at))
        best = max(filter(None, (token, self.last_good(*key))), key=lambda token: token.expires_at)
        return _Held(
            token=best,
            fresh_until=fresh_until,
            fresh_until_monotonic=monotonic + (fresh_until - now).total_seconds(),
            expires_at_monotonic=monotonic + (best.expires_at - now).total_seconds(),
        )

    def _failed(self, key: _Key, error: OperatorError) -> _Failure:
        now = self._clock()
        before = self._failures.get(key)
        in_a_row = before.in_a_row + 1 if before is not None else 1
        wait = full_jitter(in_a_row, floor=FLOOR, cap=CAP, fraction=self._fraction())
        return _Failure(error=error, in_a_row=in_a_row, since=now, retry_at=now + wait)

    def _is_fresh(self, held: _Held) -> bool:
        return self._clock() < held.fresh_until and _monotonic() < held.fresh_until_monotonic

    def _backing_off(self, key: _Key) -> _Failure | None:
        """Return the failure that keeps us from calling; a clock that was set back ends it."""
        failure = self._failures.get(key)
        if failure is None or not failure.since <= self._clock() < failure.retry_at:
            return None
        return failure


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
