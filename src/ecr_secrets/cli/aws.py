"""Everything the controller asks of AWS, in one piece."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ecr_secrets.aws.ecr import Ecr
from ecr_secrets.aws.tokens import TokenSource
from ecr_secrets.core.identity import Identity
from ecr_secrets.core.token import RegistryToken


@dataclass(frozen=True, slots=True)
class OwnAws:
    """Tokens from their source, and the region from the environment."""

    tokens: TokenSource
    ecr: Ecr

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
        """Name the region of the operator's own environment; see `Ecr.ambient_region`."""
        return await self.ecr.ambient_region()
