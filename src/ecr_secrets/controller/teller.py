"""Tells how a credential stands: its status, its Events, metrics and the log.

Only the leader tells, so that two replicas do not contradict each other.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from ecr_secrets.controller.execute import Assignment
from ecr_secrets.controller.report import Report
from ecr_secrets.controller.status_writer import StatusWriter
from ecr_secrets.core.actions import Write
from ecr_secrets.core.conclude import Findings, conclude
from ecr_secrets.core.credential import CredentialObject
from ecr_secrets.core.occurrences import Occurrence, occurrences_of, turns
from ecr_secrets.core.standing import Outcome, Standing
from ecr_secrets.core.status import MAX_SECRET_NAMES, Status
from ecr_secrets.errors import ConflictError, OperatorError

log = logging.getLogger(__name__)

Clock: TypeAlias = Callable[[], datetime]


class Conclusion(Protocol):
    """What a status says when there was nothing to look at."""

    def __call__(
        self, generation: int, error: OperatorError, *, before: Status, now: datetime
    ) -> Status:
        """Build the status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Tells, if it is our turn."""

    statuses: StatusWriter
    report: Report
    leading: Callable[[], bool]
    clock: Clock

    def names(self, manifest: CredentialObject) -> tuple[str, ...]:
        """List the names under which pull secrets may stand, as the status has them."""
        return self.statuses.read(manifest).secret_names

    async def announce(self, manifest: CredentialObject, assignment: Assignment) -> None:
        """Note the name of pull secrets before the first is written, so that none is ever lost.

        Whoever leads or not: it is a part of the write.
        """
        before = self.statuses.read(manifest)
        name = assignment.credential.secret_name
        if name not in before.secret_names and any(
            isinstance(action, Write) for action in assignment.actions
        ):
            names = (name, *before.secret_names)[:MAX_SECRET_NAMES]
            await self.statuses.write_names(manifest, names)

    async def conclude(
        self,
        manifest: CredentialObject,
        assignment: Assignment,
        standing: Standing,
        outcome: Outcome,
        findings: Findings,
    ) -> bool:
        """Say how things stand after a plan was carried out.

        Returns:
            False: the object has changed meanwhile, and has to be looked at again.
        """
        if not self.leading():
            return True
        credential = assignment.credential
        before = self.statuses.read(manifest)
        after = conclude(credential, standing, findings, before=before, now=self.clock())
        whole = (findings.problem,) if findings.problem else ()
        self.report.problems(credential.name, *whole, *findings.region_errors.values())
        self.report.measure(credential.name, standing, outcome, missing=len(findings.missing))
        told = occurrences_of(assignment.actions, outcome, before=before, after=after)
        return await self._write(manifest, after, told)

    async def tell(
        self, manifest: CredentialObject, error: OperatorError, conclusion: Conclusion
    ) -> bool:
        """Say what is wrong, and leave everything else as it is.

        Returns:
            False: the object has changed meanwhile, and has to be looked at again.
        """
        if not self.leading():
            return True
        metadata = manifest.metadata
        before = self.statuses.read(manifest)
        after = conclusion(metadata.generation, error, before=before, now=self.clock())
        self.report.problems(metadata.name, error)
        return await self._write(manifest, after, turns(before, after))

    async def _write(
        self, manifest: CredentialObject, status: Status, told: Iterable[Occurrence]
    ) -> bool:
        self.report.tell(manifest.metadata, told)  # it has happened, whatever the status says
        try:
            await self.statuses.write(manifest, status)
        except ConflictError as error:
            log.debug(
                "status overtaken", extra={"object": manifest.metadata.name, "error": str(error)}
            )
            return False
        return True

    def forget(self, name: str, *, uid: str) -> None:
        """Drop what is known of an object that is gone."""
        self.statuses.forget(uid)
        self.report.forget(name, uid=uid)
