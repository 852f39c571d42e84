"""Tells the outside how a credential stands: metrics, Events and the log."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from ecr_secrets import metrics
from ecr_secrets.controller.events import EventRecorder
from ecr_secrets.core.conclude import Findings
from ecr_secrets.core.hosts import region_of
from ecr_secrets.core.objects import ObjectMeta
from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.core.standing import Outcome, Standing
from ecr_secrets.errors import OperatorError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """Tells what a reconcile came to."""

    events: EventRecorder

    def tell(self, about: ObjectMeta, occurrences: Iterable[Occurrence]) -> None:
        """Have Events recorded on a credential."""
        for occurrence in occurrences:
            self.events.record(about, occurrence)

    def problems(self, name: str, findings: Findings) -> None:
        """Log and count what concerns a credential as a whole."""
        if findings.problem:
            self.problem(name, findings.problem)
        for region, error in findings.region_errors.items():
            self.problem(name, error, where=f"region {region}: ")

    def problem(self, name: str, error: OperatorError, *, where: str = "") -> None:
        """Log and count one such error."""
        metrics.failures_total.labels(reason=error.reason).inc()
        fields = {"credential": name, "reason": error.reason, "error": f"{where}{error}"}
        log.warning("credential not refreshed", extra=fields)

    def measure(self, name: str, standing: Standing, outcome: Outcome, *, missing: int) -> None:
        """Set the gauges of a credential and count a refresh."""
        self._expiry(name, standing)
        counts = {
            "ready": len(standing.ready),
            "failed": len(standing.failed),
            "missing": missing,
            "pending": len(standing.pending),
        }
        for state, count in counts.items():
            metrics.targets.labels(credential=name, state=state).set(count)
        if outcome.written or outcome.failures:
            result = "failure" if outcome.failures else "success"
            metrics.refreshes_total.labels(result=result).inc()

    def _expiry(self, name: str, standing: Standing) -> None:
        earliest: dict[str, float] = {}
        for stamp in standing.stamps:
            for entry in stamp.registries:
                region = region_of(entry.host) or "unknown"
                expiry = entry.expires_at.timestamp()
                earliest[region] = min(expiry, earliest.get(region, expiry))
        metrics.token_expiry_timestamp_seconds.remove_by_labels({"credential": name})
        for region, expiry in earliest.items():
            gauge = metrics.token_expiry_timestamp_seconds
            gauge.labels(credential=name, region=region).set(expiry)

    def forget(self, name: str) -> None:
        """Drop the gauges of a credential that is gone."""
        metrics.token_expiry_timestamp_seconds.remove_by_labels({"credential": name})
        metrics.targets.remove_by_labels({"credential": name})
