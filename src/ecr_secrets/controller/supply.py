"""What can be written into a credential's pull secrets now, as far as AWS lets us."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ecr_secrets.controller.harvest import Harvester, Tokens
from ecr_secrets.core.access_secret import AccessSecret
from ecr_secrets.core.content import Content, render_content
from ecr_secrets.core.credential import Credential
from ecr_secrets.core.identity import Identity
from ecr_secrets.core.source import Source, needs_own_region, resolve_source
from ecr_secrets.errors import OperatorError


class Aws(Tokens, Protocol):
    """Everything the controller asks of AWS."""

    async def ambient_region(self) -> str | None:
        """Name the region of the operator's own environment; None: it names none."""

    def retain(self, identities: Collection[Identity]) -> None:
        """Drop what is kept for identities that are no longer in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What can be written, and what kept it from being more."""

    content: Content | None = None  # None: nothing
    without: frozenset[str] = frozenset()  # regions asked for that the content lacks
    errors: Mapping[str, OperatorError] = field(default_factory=dict)  # by region
    problem: OperatorError | None = None  # the tokens were there, and still nothing came of it
    retry_at: datetime | None = None  # when AWS is worth another call; None: it did not fail


@dataclass(frozen=True, slots=True)
class Supplier:
    """Knows which identity each credential uses, and turns tokens into content.

    State is touched only between awaits of one event loop.
    """

    aws: Aws
    harvester: Harvester
    _identities: dict[str, Identity] = field(default_factory=dict, init=False)  # by credential

    async def find_source(self, credential: Credential, access: AccessSecret | None) -> Source:
        """Find out what tokens are to be asked for with.

        An identity that nobody uses any more is dropped at once, with its tokens.

        Args:
            access: the Secret named by `spec.awsAccess`; None: absent, or none is named.

        Raises:
            OperatorError: the AWS access is missing or malformed, or nothing names a region.
        """
        own_region = await self.aws.ambient_region() if needs_own_region(credential) else None
        try:
            source = resolve_source(credential, access, own_region=own_region)
        except OperatorError:
            self.forget(credential.name)
            raise
        if self._identities.get(credential.name) != source.identity:
            self._identities[credential.name] = source.identity
            self.aws.retain(frozenset(self._identities.values()))
        return source

    async def supply(self, name: str, source: Source) -> Supply:
        """Get a credential's tokens and make content of them; trouble is part of the answer."""
        got = await self.harvester.harvest(name, source)
        content, problem = None, None
        try:
            content = render_content(source.registries, got.tokens, source=source.fingerprint)
        except OperatorError as error:
            problem = error
        return Supply(
            content=content,
            without=frozenset(source.regions) - got.tokens.keys(),
            errors=got.errors,
            problem=problem,
            retry_at=got.retry_at,
        )

    def at_hand(self, source: Source) -> Supply:
        """Make content of the tokens in memory, without a call; none, unless every region has one.

        A rollout that spans several passes, or follows a restart, is finished with it: what was
        written before differs from it, fresh as it is.
        """
        known = {region: self.aws.last_good(source.identity, region) for region in source.regions}
        tokens = {region: token for region, token in known.items() if token}
        if len(tokens) < len(known):
            return Supply()
        try:
            fingerprint = source.fingerprint
            return Supply(content=render_content(source.registries, tokens, source=fingerprint))
        except OperatorError as error:
            return Supply(problem=error)

    def forget(self, name: str) -> None:
        """Drop the identity of a credential that is gone, unless another one uses it too."""
        if self._identities.pop(name, None) is not None:
            self.aws.retain(frozenset(self._identities.values()))
