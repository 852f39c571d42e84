"""One write or deletion of a pull secret, and what is remembered of it."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from ecr_secrets.controller.contests import REST, Contests
from ecr_secrets.controller.retries import Retries
from ecr_secrets.core.actions import Action, Delete, Keep, Write
from ecr_secrets.core.content import Content, render_pull_secret
from ecr_secrets.core.credential import Credential
from ecr_secrets.core.objects import Manifest, ObjectKey
from ecr_secrets.core.pull_secret import PullSecret, parse_pull_secret
from ecr_secrets.core.settle import overruled
from ecr_secrets.errors import (
    ConflictError,
    ContestedError,
    NamespaceTerminatingError,
    NotFoundError,
    OperatorError,
)
from ecr_secrets.kube.resource import SECRETS, Resource
from ecr_secrets.metrics import failures_total, pull_secret_writes_total

log = logging.getLogger(__name__)

FIELD_MANAGER = "kube-ecr-secrets-operator"
# An apply with a resource version that no live object can have creates an absent object and is
# refused (409) where one exists: creation that cannot overwrite.
_ABSENT = {"resourceVersion": "1"}
# These mean that the world moved on, which the watch tells in a moment. Only when they last do
# they become the user's business.
_PASSING = (ConflictError, NotFoundError, NamespaceTerminatingError)
_PATIENCE = 3  # failures in a row
_RESTORING = ("Missing", "Edited")  # needs that somebody else's doing can bring about


class WritesSecrets(Protocol):
    """The part of the client that writes Secrets."""

    async def apply(  # noqa: PLR0913 - the client's signature
        self,
        resource: Resource,
        key: ObjectKey,
        manifest: Manifest | bytes,
        *,
        field_manager: str,
        force: bool,
        into: type[msgspec.Raw],
    ) -> msgspec.Raw:
        """Apply a manifest on the server's side and return the object."""

    async def delete(
        self, resource: Resource, key: ObjectKey, *, uid: str, resource_version: str | None = None
    ) -> None:
        """Delete an object if it still is the one that is meant."""


class Notes(Protocol):
    """Where the answers of the API server are remembered."""

    def note(self, secret: PullSecret) -> None:
        """Take over what the API server answered to a write."""

    def is_overtaken(self, key: ObjectKey, found: PullSecret | None) -> bool:
        """Tell whether we have written a Secret anew since it was found so; None: absent."""


@dataclass(frozen=True, slots=True)
class SecretWriter:
    """Applies and deletes pull secrets, never without naming the object it means."""

    client: WritesSecrets
    view: Notes
    retries: Retries
    contests: Contests

    async def write(
        self, write: Write, content: Content, credential: Credential, *, touched: bool
    ) -> PullSecret:
        """Put the content into the target and return what stands there then.

        Args:
            write: what to write, and why.
            content: what to put there.
            credential: whose pull secret it is.
            touched: whether something happened to the target a moment ago.

        Raises:
            OperatorError: the API server did not take it.
        """
        guard = _ABSENT
        if write.found:
            guard = {"uid": write.found.uid, "resourceVersion": write.found.resource_version}
        manifest = render_pull_secret(
            write.target, content, credential, guard=guard, overruled=overruled(write, content)
        )
        try:
            answer = await self.client.apply(
                SECRETS,
                write.target,
                manifest,
                field_manager=FIELD_MANAGER,
                force=write.found is not None,  # what is there is ours: the guard makes sure
                into=msgspec.Raw,
            )
        except OperatorError as error:
            self._failed(credential, write.target, error)
            raise
        written = parse_pull_secret(answer)
        self.view.note(written)
        self._succeeded(credential, write.target, write.because)
        restored = touched and write.because in _RESTORING
        if restored and self.contests.restored(credential.name, write.target):
            self._rest(credential, write.target)
        log.info("pull secret written", extra=_fields(credential, write.target, write.because))
        return written

    async def delete(self, delete: Delete, credential: Credential) -> None:
        """Remove the Secret, if it is still the one that was looked at.

        Raises:
            OperatorError: the API server did not do it.
        """
        found = delete.found
        try:
            await self.client.delete(
                SECRETS, delete.target, uid=found.uid, resource_version=found.resource_version
            )
        except NotFoundError:
            return  # it is gone, which is what was wanted
        except OperatorError as error:
            self._failed(credential, delete.target, error)
            raise
        self._succeeded(credential, delete.target, "Unwanted")
        log.info("pull secret deleted", extra=_fields(credential, delete.target, "Unwanted"))

    def is_overtaken(self, job: Write | Delete) -> bool:
        """Tell whether a write has come through that the plan does not know of yet."""
        return self.view.is_overtaken(job.target, job.found)

    def settled(self, credential: Credential, actions: Iterable[Action]) -> None:
        """Forget the failures of targets that are right by now, whoever saw to it."""
        for action in actions:
            if isinstance(action, Keep) and not self.is_resting(credential, action.target):
                self.retries.succeeded(credential.name, action.target)

    def is_resting(self, credential: Credential, target: ObjectKey) -> bool:
        """Tell whether a contested target is left alone for now, whatever happens to it."""
        failed = self.retries.last(credential.name, target)
        contested = failed is not None and isinstance(failed.error, ContestedError)
        return contested and self.retries.is_waiting(credential.name, target)

    def forget(self, name: str, *, keep: Collection[ObjectKey] = ()) -> None:
        """Drop what is known of a credential's targets, except of those it still has."""
        self.retries.forget(name, keep=keep)
        self.contests.forget(name, keep=keep)

    def trouble(self, credential: Credential, target: ObjectKey) -> OperatorError | None:
        """Return the failure of a target that the user should know of; None: there is none."""
        failed = self.retries.last(credential.name, target)
        if failed is None:
            return None
        passing = isinstance(failed.error, _PASSING) and failed.times < _PATIENCE
        return None if passing else failed.error

    def _rest(self, credential: Credential, target: ObjectKey) -> None:
        error = ContestedError(
            f"Secret {target} is changed or deleted by somebody else again and again; let only "
            "one of the two manage it (it is restored twice a minute at most meanwhile)"
        )
        self.retries.rest(credential.name, target, error, REST)
        failures_total.labels(reason=error.reason).inc()
        fields = _fields(credential, target, error.reason)
        log.warning("pull secret contested", extra=fields | {"error": str(error)})

    def _succeeded(self, credential: Credential, target: ObjectKey, because: str) -> None:
        self.retries.succeeded(credential.name, target)
        pull_secret_writes_total.labels(reason=because).inc()

    def _failed(self, credential: Credential, target: ObjectKey, error: OperatorError) -> None:
        self.retries.failed(credential.name, target, error)
        failures_total.labels(reason=error.reason).inc()
        if self.trouble(credential, target):
            fields = _fields(credential, target, error.reason)
            log.warning("target not served", extra=fields | {"error": str(error)})


def _fields(credential: Credential, target: ObjectKey, reason: str) -> dict[str, str]:
    return {"credential": credential.name, "target": str(target), "reason": reason}
