"""The registry tokens of all regions of a credential, side by side, waited for a moment only.

A worker that waited for a hanging AWS would be missing where something can be done. What takes
longer goes on alone, and the credential is looked at again when it is through.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
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

    tokens: dict[str, RegistryToken]  # by region; a stale one where there is no fresh one
    errors: dict[str, OperatorError]  # by region, also of those with a stale token
    retry_at: datetime | None  # when the first failure is worth another try; None: none failed


class Harvester:
    """Asks for tokens.

    State is touched only between awaits of one event loop.
    """

    def __init__(
        self, tokens: Tokens, *, patience: timedelta, look_again: Callable[[str], None]
    ) -> None:
        """Prepare to ask; nothing can be asked for before `run`.

        Args:
            tokens: where they come from.
            patience: how long a look waits for them.
            look_again: called with the credential when one that took longer is there.
        """
        self._tokens = tokens
        self._patience = patience
        self._look_again = look_again
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Own the questions that outlive a look, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.Event().wait()

    async def harvest(self, name: str, source: Source) -> Harvest:
        """Ask for the tokens of all regions at once; one that fails or hangs stops no other.

        Args:
            name: of the credential that wants them.
            source: what they are asked for with.
        """
        asked = {region: self._ask(source.identity, region) for region in source.regions}
        await asyncio.wait(asked.values(), timeout=self._patience.total_seconds())
        tokens: dict[str, RegistryToken] = {}
        errors: dict[str, OperatorError] = {}
        for region, task in asked.items():
            outcome = task.result() if task.done() else None
            if isinstance(outcome, RegistryToken):
                tokens[region] = outcome
                continue
            if isinstance(outcome, OperatorError):
                errors[region] = outcome
            elif outcome is not None:
                raise outcome  # a bug, which the worker tells of
            else:
                task.add_done_callback(partial(self._is_there, name))
            stale = self._tokens.last_good(source.identity, region)
            if stale is not None:
                tokens[region] = stale
        instants = (self._tokens.retry_at(source.identity, region) for region in errors)
        return Harvest(
            tokens=tokens,
            errors=errors,
            retry_at=min((instant for instant in instants if instant is not None), default=None),
        )

    def _ask(self, identity: Identity, region: str) -> asyncio.Task[RegistryToken | BaseException]:
        if self._group is None:
            raise RuntimeError("the harvester does not run")
        return self._group.create_task(self._fetch(identity, region), name=f"token {region}")

    async def _fetch(self, identity: Identity, region: str) -> RegistryToken | BaseException:
        """Ask; a failure is a value here, since one that is raised would end all questions."""
        (outcome,) = await asyncio.gather(
            self._tokens.token(identity, region), return_exceptions=True
        )
        return outcome

    def _is_there(self, name: str, _: object) -> None:
        self._look_again(name)
