"""Tells the outside how a credential stands: metrics, Events and the log."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from ecr_secrets import metrics
from ecr_secrets.controller.events import EventRecorder
from ecr_secrets.core.hosts import region_of
from ecr_secrets.core.objects import ObjectMeta
from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.core.standing import Outcome, Standing
from ecr_secrets.errors import OperatorError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """Tells what a reconcile came to; what lasts is told once, when it begins.

    State is touched only between awaits of one event loop.
    """

    events: EventRecorder
    _lasting: dict[str, frozenset[str]] = field(default_factory=dict, init=False)  # by credential

    def tell(self, about: ObjectMeta, occurrences: Iterable[Occurrence]) -> None:
        """Have Events recorded on a credential."""
        for occurrence in occurrences:
            self.events.record(about, occurrence)

    def problems(self, name: str, *errors: OperatorError) -> None:
        """Log and count what concerns a credential as a whole and is new.

        Args:
            name: of the credential.
            errors: everything that is wrong now; none: all is well.
        """
        known = self._lasting.get(name, frozenset())
        self._lasting[name] = frozenset(str(error) for error in errors)
        for error in errors:
            if str(error) in known:
                continue
            metrics.failures_total.labels(reason=error.reason).inc()
            metrics.refreshes_total.labels(result="failure").inc()
            fields = {"credential": name, "reason": error.reason, "error": str(error)}
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
        if outcome.written and not outcome.postponed and not outcome.failures:
            metrics.refreshes_total.labels(result="success").inc()

    def _expiry(self, name: str, standing: Standing) -> None:
        earliest: dict[str, float] = {}
        for stamp in standing.worn:
            for entry in stamp.registries:
                region = region_of(entry.host) or "unknown"
                expiry = entry.expires_at.timestamp()
                earliest[region] = min(expiry, earliest.get(region, expiry))
        metrics.token_expiry_timestamp_seconds.remove_by_labels({"credential": name})
        for region, expiry in earliest.items():
            gauge = metrics.token_expiry_timestamp_seconds
            gauge.labels(credential=name, region=region).set(expiry)

    def forget(self, name: str, *, uid: str) -> None:
        """Drop gauges and memory of a credential that is gone."""
        self.events.forget(uid)
        self._lasting.pop(name, None)
        metrics.token_expiry_timestamp_seconds.remove_by_labels({"credential": name})
        metrics.targets.remove_by_labels({"credential": name})
