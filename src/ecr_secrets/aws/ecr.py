"""Asks ECR for registry tokens, in threads, and always comes back in time."""

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from typing import Self, TypeVar

from ecr_secrets.aws.calls import counted, translated
from ecr_secrets.aws.identities import Identities
from ecr_secrets.aws.log_levels import cap_loggers
from ecr_secrets.aws.sdk import Sdk
from ecr_secrets.aws.threads import Threads
from ecr_secrets.aws.timeouts import Timeouts
from ecr_secrets.aws.transport import Transport
from ecr_secrets.core.hosts import region_problem
from ecr_secrets.core.identity import Identity
from ecr_secrets.core.token import RegistryToken, parse_token
from ecr_secrets.errors import AccessDeniedError, AwsUnavailableError, NoAwsIdentityError

_GRACE = 2.0  # seconds that a thread gets to notice its deadline by itself
# As many calls can hang at once, half of them in one region, before others have to wait for one of
# them to end. Each takes some 300 KiB, of a container with 128 MiB.
_THREADS = 64

_T = TypeVar("_T")


class Ecr:
    """ECR as any identity sees it. An async context manager; serves the loop it was entered in."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen
    ) -> None:
        """Set botocore up, and silence what its loggers would tell."""
        cap_loggers()
        self._clock = clock
        self._seconds = timeouts.total.total_seconds()
        self._transport = Transport(timeouts)
        self._identities = Identities(
            Sdk(self._transport.send, timeouts), remaining=self._transport.remaining, clock=clock
        )
        self._threads = Threads(_THREADS)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the connections' home."""
        await self._open.enter_async_context(self._transport)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the calls in the air; their threads end with them."""
        self._threads.close()
        await self._open.aclose()

    async def fetch(self, identity: Identity, region: str) -> RegistryToken:
        """Get a new token from AWS.

        Raises:
            AccessDeniedError: AWS refuses the identity.
            AwsUnavailableError: there was no proper answer in time.
            InvalidTokenError: the answer is not a token that can be used.
            NoAwsIdentityError: the operator has no identity of its own.
        """
        return await self._in_thread(partial(self._fetch, identity, region), region=region)

    async def ambient_region(self) -> str | None:
        """Name the region the operator runs in; None when the environment does not tell.

        That is AWS_REGION, AWS_DEFAULT_REGION, the profile's or the instance's.
        """
        region = await self._in_thread(self._identities.ambient_region, region=None)
        return region if region and region_problem(region) is None else None

    def retain(self, identities: Collection[Identity]) -> None:
        """Drop at once what is kept for all other identities."""
        self._identities.retain(identities)

    async def _in_thread(self, call: Callable[[], _T], *, region: str | None) -> _T:
        deadline = time.monotonic() + self._seconds
        work = partial(self._until, deadline, call)
        try:
            async with asyncio.timeout(self._seconds + _GRACE):
                return await self._threads.run(work, region=region)
        except TimeoutError:
            raise AwsUnavailableError(f"no answer from AWS within {self._seconds:g} s") from None

    def _until(self, deadline: float, call: Callable[[], _T]) -> _T:
        with self._transport.until(deadline):
            return call()

    def _fetch(self, identity: Identity, region: str) -> RegistryToken:
        try:
            keys = self._identities.keys(identity, region)
            client = self._identities.client("ecr", keys, region)
            with counted("GetAuthorizationToken"):
                with translated(f"GetAuthorizationToken in {region}", self._clock):
                    answer = client.get_authorization_token()
                return parse_token(answer, region=region, now=self._clock())
        except (AccessDeniedError, NoAwsIdentityError):
            self._identities.forget(identity)
            raise
