"""Observe, plan, execute, conclude: one look at one credential.

Level-based: everything is read afresh, so what woke us does not matter and running twice is
harmless. Nothing else writes a pull secret.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from ecr_secrets.controller.demand import Demand, Look
from ecr_secrets.controller.execute import Assignment, Executor
from ecr_secrets.controller.supply import Supplier, Supply
from ecr_secrets.controller.teller import Teller
from ecr_secrets.controller.world import World
from ecr_secrets.core.actions import Delete, Keep, Refuse, Write, suffices
from ecr_secrets.core.conclude import Findings, conclude_invalid, conclude_unseen, next_look
from ecr_secrets.core.credential import Credential, CredentialObject, parse_credential
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.plan import Observed, Renewal, leftovers, survey
from ecr_secrets.core.settle import settle
from ecr_secrets.core.source import Source
from ecr_secrets.core.standing import Outcome, Standing, stand
from ecr_secrets.errors import ConflictError, InvalidSpecError, OperatorError

Clock: TypeAlias = Callable[[], datetime]


_AT_ONCE = timedelta(0)
# For the watch to show what was written before us.
_OVERTAKEN = timedelta(seconds=0.5)
# A token that is stale in the pull secret and not yet in memory: it lives for seconds only.
_SOON = timedelta(seconds=2)
# With nothing due, a look costs a walk through memory, and makes up for what nobody told us of: a
# machine that slept, a clock that was set, an instance whose metadata service came late.
_AT_LEAST = timedelta(seconds=45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Reconciles credentials, each by one worker at a time.

    State is touched only between awaits of one event loop.
    """

    world: World
    supplier: Supplier
    executor: Executor
    teller: Teller
    demand: Demand
    leading: Callable[[], bool]  # whether timers and background work are ours
    clock: Clock
    _uids: dict[str, str] = field(default_factory=dict, init=False)  # by name: who was met last

    async def reconcile(self, name: str, first: Collection[ObjectKey]) -> timedelta | None:
        """Reconcile one credential and return how long to wait before the next look.

        Without leadership only what pods wait for is done, and nothing is told of: the leader
        sees what was written and tells.

        Args:
            name: of the credential.
            first: targets that do not wait behind a rollout.

        Returns:
            None: it is gone, has to be changed first, or is the leader's business.

        Raises:
            OperatorError: the API server kept us from looking, or from saying what we saw.
                Trouble with AWS or with a target never raises; the status tells of it.
        """
        manifest = self.world.credential(name)
        gone = manifest is None or bool(manifest.metadata.deletion_timestamp)
        self._meet(name, uid=None if gone or manifest is None else manifest.metadata.uid)
        if gone or manifest is None:
            self.demand.forget(name)
            self.world.release(name)  # also what was watched before the first look at it
            return None
        awaited = self.demand.targets(name)
        try:
            credential = parse_credential(manifest)
        except InvalidSpecError as error:
            self.demand.fail(name, error)
            told = await self.teller.tell(manifest, error, conclude_invalid)
            return None if told else _OVERTAKEN
        try:
            await self.world.attend(credential, self._names(credential, manifest))
        except OperatorError as error:
            await self.teller.tell(manifest, error, conclude_unseen)
            raise
        if not self.leading() and not self.demand.is_owed(name):
            return None
        return await self._serve(credential, manifest, first=first, awaited=awaited)

    async def _serve(
        self,
        credential: Credential,
        manifest: CredentialObject,
        *,
        first: Collection[ObjectKey],
        awaited: frozenset[ObjectKey],
    ) -> timedelta | None:
        source, problem = await self._find_source(credential)
        observed = self.world.observe(credential, self._names(credential, manifest))
        supply, assignment = await self._plan(
            credential,
            observed,
            source,
            first=awaited.union(first),
            renewal=self._renewal(credential),
        )
        self._serve_what_is_fresh(assignment)
        await self.teller.announce(manifest, assignment)
        outcome = await self.executor.carry_out(assignment)
        standing = stand(assignment.actions, outcome, now=self.clock())
        left = leftovers(credential, observed).keys() - outcome.deleted
        findings = Findings(
            missing=credential.namespaces.difference(observed.namespaces, observed.outside),
            problem=problem or supply.problem or self.world.trouble(credential),
            region_errors=supply.errors,
            secret_names=tuple(sorted({credential.secret_name, *(key.name for key in left)})),
        )
        self._answer(assignment, standing, outcome, findings)
        told = await self.teller.conclude(manifest, assignment, standing, outcome, findings)
        name = credential.name
        self.executor.writer.forget(name, keep={action.target for action in assignment.actions})
        if left and outcome.written:  # the old pull secret may go now
            return _AT_ONCE
        if not told:
            return _OVERTAKEN
        if not self.leading() and not self.demand.is_owed(name):
            return None
        return self._next_look(credential, standing, outcome, supply)

    def _serve_what_is_fresh(self, assignment: Assignment) -> None:
        """Let the pods go that wait for what is there already."""
        name, now = assignment.credential.name, self.clock()
        awaited = frozenset(self.demand.waiting(name))
        for action in assignment.actions if awaited else ():
            if action.target not in awaited or not isinstance(action, Keep):
                continue
            if suffices(action.found, now=now):
                self.demand.serve(name, action.target)

    def _answer(
        self, assignment: Assignment, standing: Standing, outcome: Outcome, findings: Findings
    ) -> None:
        """Tell the pods that still wait what came of it."""
        name = assignment.credential.name
        for target in outcome.written:  # of a pod that has come since
            self.demand.serve(name, target)
        look = Look(
            known={action.target for action in assignment.actions},
            failures={each.target: ConflictError(each.message) for each in standing.troubles},
            problem=findings.problem or next(iter(findings.region_errors.values()), None),
            through=not outcome.postponed and not self._lacks(assignment, outcome),
        )
        self.demand.settle(name, look)

    def _lacks(self, assignment: Assignment, outcome: Outcome) -> bool:
        """Tell whether some target does not have what its pods need, and is ours to write."""
        now = self.clock()
        left = [
            outcome.written.get(action.target, action.found)
            for action in assignment.actions
            if not isinstance(action, Refuse | Delete)
        ]
        return not all(suffices(found, now=now) for found in left)

    def _renewal(self, credential: Credential) -> Renewal:
        if credential.timed:
            return "early"
        return "late" if self.demand.is_owed(credential.name) else "never"

    def _names(self, credential: Credential, manifest: CredentialObject) -> frozenset[str]:
        """List the names under which pull secrets of the credential may stand."""
        return frozenset({credential.secret_name, *self.teller.names(manifest)})

    async def _find_source(
        self, credential: Credential
    ) -> tuple[Source | None, OperatorError | None]:
        """Find what tokens are asked for with; without it, what stands still stands."""
        try:
            access = self.world.access(credential)
            return await self.supplier.find_source(credential, access), None
        except OperatorError as error:
            return None, error

    async def _plan(
        self,
        credential: Credential,
        observed: Observed,
        source: Source | None,
        *,
        first: Collection[ObjectKey],
        renewal: Renewal,
    ) -> tuple[Supply, Assignment]:
        """Decide, with the tokens that there are.

        Args:
            credential: what is asked for.
            observed: what there is.
            source: what tokens are asked for with; None: unknown.
            first: targets that do not wait behind a rollout.
            renewal: when age counts.
        """
        actions = survey(
            credential,
            observed,
            source=source.fingerprint if source else None,
            now=self.clock(),
            renewal=renewal,
        )
        needed = any(isinstance(action, Write) for action in actions)
        supply = Supply()
        if source:
            supply = (
                await self.supplier.supply(credential.name, source)
                if needed
                else self.supplier.at_hand(source)
            )
        if needed or supply.content:
            actions = settle(actions, supply.content, without=supply.without, now=self.clock())
        if not self.leading():  # what is left over is no pod's business
            actions = tuple(action for action in actions if not isinstance(action, Delete))
        assignment = Assignment(
            credential=credential,
            actions=actions,
            content=supply.content,
            first=first,
            now=self.clock(),
        )
        return supply, assignment

    def _next_look(
        self, credential: Credential, standing: Standing, outcome: Outcome, supply: Supply
    ) -> timedelta:
        now = self.clock()
        due = next_look(standing, now=now)
        short_lived = credential.timed and supply.content and not supply.errors
        waits = [
            self.executor.next_try(credential.name, outcome),
            due - now if due else None,
            supply.retry_at - now if supply.retry_at else None,
            _SOON if short_lived and _is_stale(standing, now) else None,
        ]
        return min([_AT_LEAST, *(max(wait, _AT_ONCE) for wait in waits if wait is not None)])

    def _meet(self, name: str, *, uid: str | None) -> None:
        """Drop what is known of an object that is gone, or that another has taken the name of.

        Its Secrets go by owner reference.
        """
        known = self._uids.pop(name, None)
        if uid is not None:
            self._uids[name] = uid
        if known is None or known == uid:
            return
        self.world.release(name)
        self.supplier.forget(name)
        self.executor.writer.forget(name)
        self.teller.forget(name, uid=known)


def _is_stale(standing: Standing, now: datetime) -> bool:
    return any(stamp.refresh_after and stamp.refresh_after <= now for stamp in standing.stamps)
