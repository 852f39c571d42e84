"""Admits pods: always, and with the pull secrets they name refreshed on the way if need be."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from ecr_secrets import metrics
from ecr_secrets.core.actions import GRACE
from ecr_secrets.core.admission import (
    PodAdmission,
    is_ours,
    lacking,
    targets_of,
    targets_to_refresh,
)
from ecr_secrets.core.credential import Credential
from ecr_secrets.core.objects import ObjectKey
from ecr_secrets.core.pull_secret import PullSecret
from ecr_secrets.core.review import allow, parse_review
from ecr_secrets.errors import InternalError, InvalidReviewError, OperatorError

log = logging.getLogger(__name__)

_Result: TypeAlias = Literal["fresh", "refreshed", "late", "failed", "unmanaged", "dry_run"]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What came of a question; whatever it is, the pod is admitted."""

    result: _Result
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PodWebhook:
    """Answers the API server's questions about pods.

    The usual pod, whose pull secrets are fresh, is answered from memory without an await.
    """

    managed: Callable[[ObjectKey], Credential | None]  # live view: who manages a target
    found: Callable[[ObjectKey], PullSecret | None]  # live view: what the cluster holds there

    # Has a credential refreshed, this target first. Shared by all who ask at the same time: a
    # caller that is cancelled, because its bound is over, must not cancel what others wait for.
    # Raises an OperatorError when it cannot be done.
    refresh_now: Callable[[str, ObjectKey], Awaitable[None]]

    clock: Callable[[], datetime]
    grace: timedelta = GRACE  # a pull secret with no more to live is refreshed
    bound: timedelta = timedelta(seconds=1.5)  # for everything; below the `timeoutSeconds` of 2

    async def admit(self, body: bytes) -> bytes:
        """Answer one AdmissionReview, within the bound.

        Raises:
            InvalidReviewError: it is not one about a pod.
        """
        deadline = asyncio.get_running_loop().time() + self.bound.total_seconds()
        with metrics.admission_duration_seconds.time():
            try:
                admission = parse_review(body)
            except InvalidReviewError:
                metrics.admissions_total.labels("invalid").inc()
                raise
            del body  # may be large, and is not needed while we wait
            try:
                verdict = await self._decide(admission, deadline)
            except Exception:  # no bug of ours may keep a pod from starting
                log.exception("admission crashed", extra=_fields(admission))
                verdict = _Verdict("failed", (f"pull secrets not checked: {InternalError.reason}",))
            metrics.admissions_total.labels(verdict.result).inc()
            return allow(admission.uid, *verdict.warnings)

    async def _decide(self, admission: PodAdmission, deadline: float) -> _Verdict:
        managed = {
            target: credential
            for target in targets_of(admission)
            if (credential := self.managed(target)) is not None
        }
        found = self._find(managed)
        if not any(is_ours(found.get(target), owner) for target, owner in managed.items()):
            return _Verdict("unmanaged")
        due = targets_to_refresh(managed, found, now=self.clock(), grace=self.grace)
        if not due:
            return _Verdict("fresh", _tell_gaps(lacking(managed, found)))
        if admission.dry_run:
            return _Verdict("dry_run")
        verdict = await self._refresh(due, admission, deadline)
        gaps = _tell_gaps(lacking(managed, self._find(managed)))
        return _Verdict(verdict.result, (*verdict.warnings, *gaps))

    def _find(self, targets: Iterable[ObjectKey]) -> dict[ObjectKey, PullSecret]:
        """Show what the cluster holds at targets, as far as something is there."""
        return {target: secret for target in targets if (secret := self.found(target)) is not None}

    async def _refresh(
        self, due: Mapping[ObjectKey, Credential], admission: PodAdmission, deadline: float
    ) -> _Verdict:
        """Have all refreshed side by side; how each one ends is a value, so none ends another."""
        outcomes = await asyncio.gather(
            *(
                self._refresh_one(target, credential.name, deadline)
                for target, credential in due.items()
            ),
            return_exceptions=True,
        )
        warnings = []
        for credential, outcome in zip(due.values(), outcomes, strict=True):
            if outcome is not None:
                reason = _explain(outcome, credential.name, admission)
                warnings.append(
                    f"pull secret not refreshed: {reason}: AWSECRCredential {credential.name}"
                )
        if not warnings:
            return _Verdict("refreshed")
        only_late = all(
            outcome is None or isinstance(outcome, TimeoutError) for outcome in outcomes
        )
        return _Verdict("late" if only_late else "failed", tuple(warnings))

    async def _refresh_one(self, target: ObjectKey, credential: str, deadline: float) -> None:
        async with asyncio.timeout_at(deadline):
            await self.refresh_now(credential, target)


def _tell_gaps(gaps: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Say what pull secrets do not open, by credential, one line for each."""
    return tuple(
        f"pull secret lacks {', '.join(sorted(regions))}: AWSECRCredential {credential}"
        for credential, regions in sorted(gaps.items())
    )


def _explain(outcome: BaseException, credential: str, admission: PodAdmission) -> str:
    """Name the reason why a refresh was not done, and log it."""
    extra = {**_fields(admission), "credential": credential}
    if isinstance(outcome, TimeoutError):
        reason = "NotInTime"
    elif isinstance(outcome, OperatorError):
        reason = outcome.reason
    elif isinstance(outcome, asyncio.CancelledError):
        reason = "Stopping"
    else:
        log.error("refresh crashed", extra=extra, exc_info=outcome)
        return InternalError.reason
    log.warning(
        "pod admitted with a pull secret that may have expired",
        extra={**extra, "reason": reason},
    )
    return reason


def _fields(admission: PodAdmission) -> dict[str, str]:
    return {"request_uid": admission.uid, "namespace": admission.namespace}
