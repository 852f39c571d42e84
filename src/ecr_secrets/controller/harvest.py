"""The registry tokens of all regions of a credential, side by side."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ecr_secrets.core.identity import Identity
from ecr_secrets.core.source import Source
from ecr_secrets.core.token import RegistryToken
from ecr_secrets.errors import OperatorError


class Tokens(Protocol):
    """Where registry tokens come from."""

    async def token(self, identity: Identity, region: str) -> RegistryToken:
        """Return a fresh token; raises an `OperatorError` when there is none to be had."""

    def last_good(self, identity: Identity, region: str) -> RegistryToken | None:
        """Return a token that may be stale but has not expired; None: there is none."""

    def retry_at(self, identity: Identity, region: str) -> datetime | None:
        """Tell when a failed call is worth another try; None: it has not failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What came of asking for every region's token."""

    tokens: dict[str, RegistryToken]  # by region; a stale one where no fresh one could be had
    errors: dict[str, OperatorError]  # by region, also of those with a stale token
    retry_at: datetime | None  # when the first failure is worth another try; None: none failed


async def harvest(tokens: Tokens, source: Source) -> Harvest:
    """Ask for the tokens of all regions at once; one that fails does not stop the others."""
    fetched: dict[str, RegistryToken] = {}
    errors: dict[str, OperatorError] = {}

    async def fetch(region: str) -> None:
        try:
            fetched[region] = await tokens.token(source.identity, region)
        except OperatorError as error:
            errors[region] = error
            stale = tokens.last_good(source.identity, region)
            if stale is not None:
                fetched[region] = stale

    async with asyncio.TaskGroup() as group:
        for region in source.regions:
            group.create_task(fetch(region), name=f"token {region}")
    instants = (tokens.retry_at(source.identity, region) for region in errors)
    return Harvest(
        tokens=fetched,
        errors=errors,
        retry_at=min((instant for instant in instants if instant is not None), default=None),
    )
