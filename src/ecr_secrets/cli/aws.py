"""Everything the controller asks of AWS, in one piece."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta

from ecr_secrets.aws.ecr import Ecr
from ecr_secrets.aws.tokens import TokenSource
from ecr_secrets.core.identity import Identity
from ecr_secrets.core.token import RegistryToken
from ecr_secrets.errors import AwsUnavailableError

_PATIENCE = timedelta(seconds=3)  # an absent metadata service takes botocore two seconds


class OwnAws:
    """Tokens from their source, and the region from the environment."""

    def __init__(self, tokens: TokenSource, ecr: Ecr) -> None:
        """Bring the two together."""
        self.tokens = tokens
        self.ecr = ecr
        self._region: str | None = None  # None: not found yet; where we run does not change

    async def token(self, identity: Identity, region: str) -> RegistryToken:
        """Return a fresh token; see `TokenSource.token`."""
        return await self.tokens.token(identity, region)

    def last_good(self, identity: Identity, region: str) -> RegistryToken | None:
        """Return a token that has not expired; see `TokenSource.last_good`."""
        return self.tokens.last_good(identity, region)

    def retry_at(self, identity: Identity, region: str) -> datetime | None:
        """Tell when a failed call is worth another try; see `TokenSource.retry_at`."""
        return self.tokens.retry_at(identity, region)

    def retain(self, identities: Collection[Identity]) -> None:
        """Drop what belongs to other identities; see `TokenSource.retain`."""
        self.tokens.retain(identities)

    async def ambient_region(self) -> str | None:
        """Name the region of the operator's own environment; see `Ecr.ambient_region`.

        Raises:
            AwsUnavailableError: it could not be found out in a moment.
        """
        if self._region is None:
            try:
                async with asyncio.timeout(_PATIENCE.total_seconds()):
                    self._region = await self.ecr.ambient_region()
            except TimeoutError:
                raise AwsUnavailableError(
                    "the operator's own region is not found in time"
                ) from None
        return self._region
