"""Every metric of the operator, in one registry of its own.

Labels have few values; never a pod, a namespace or a free text.
"""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series per counter that nobody asks for
REGISTRY = CollectorRegistry()

token_expiry_timestamp_seconds = Gauge(
    "ecr_secrets_token_expiry_timestamp_seconds",
    "When the registry token in the pull secrets of a credential expires, per region; "
    "the one to alert on.",
    ["credential", "region"],
    registry=REGISTRY,
)
refreshes_total = Counter(
    "ecr_secrets_refreshes_total",
    "Refreshes by result: success when all that was due was written, failure when something new "
    "kept a credential as a whole from it.",
    ["result"],
    registry=REGISTRY,
)
failures_total = Counter(
    "ecr_secrets_failures_total",
    "What went wrong, by reason: each write that failed, and what concerns a whole credential "
    "once, when it begins.",
    ["reason"],
    registry=REGISTRY,
)
pull_secret_writes_total = Counter(
    "ecr_secrets_pull_secret_writes_total",
    "Pull secrets written or deleted, by what made it necessary.",
    ["reason"],
    registry=REGISTRY,
)
targets = Gauge(
    "ecr_secrets_targets",
    "Targets of a credential, by state: ready, failed, pending or missing (no such namespace).",
    ["credential", "state"],
    registry=REGISTRY,
)
aws_requests_total = Counter(
    "ecr_secrets_aws_requests_total",
    "Calls to AWS, by operation and result (success or the reason of the failure).",
    ["operation", "result"],
    registry=REGISTRY,
)
aws_request_duration_seconds = Histogram(
    "ecr_secrets_aws_request_duration_seconds",
    "How long calls to AWS took.",
    ["operation"],
    registry=REGISTRY,
)
api_requests_total = Counter(
    "ecr_secrets_api_requests_total",
    "Requests to the Kubernetes API, by verb, resource and HTTP status (0: no answer).",
    ["verb", "resource", "status"],
    registry=REGISTRY,
)
watch_restarts_total = Counter(
    "ecr_secrets_watch_restarts_total",
    "Watches that ended and were begun again, by resource and cause.",
    ["resource", "cause"],
    registry=REGISTRY,
)
undecodable_objects_total = Counter(
    "ecr_secrets_undecodable_objects_total",
    "Objects on a watch or list that could not be decoded and were left out, by resource.",
    ["resource"],
    registry=REGISTRY,
)
queue_depth = Gauge(
    "ecr_secrets_queue_depth",
    "Credentials that are due and wait for a worker.",
    registry=REGISTRY,
)
events_dropped_total = Counter(
    "ecr_secrets_events_dropped_total",
    "Kubernetes Events that were not recorded: too many, or refused by the API server.",
    registry=REGISTRY,
)
leader = Gauge(
    "ecr_secrets_leader",
    "Whether this replica leads and does the work in the background (1), or stands by (0).",
    registry=REGISTRY,
)
reconciles_total = Counter(
    "ecr_secrets_reconciles_total",
    "Reconciles, by result: success, failure (expected, retried) or crash (a bug).",
    ["result"],
    registry=REGISTRY,
)
admissions_total = Counter(
    "ecr_secrets_admissions_total",
    "Pods the webhook was asked about, by result: fresh, refreshed, late (not within the bound), "
    "failed, unmanaged (no pull secret of a credential), dry_run (a refresh was due, and left) or "
    "invalid (no review of a pod).",
    ["result"],
    registry=REGISTRY,
)
admission_duration_seconds = Histogram(
    "ecr_secrets_admission_duration_seconds",
    "How long the answers of the webhook took, the refreshes waited for included.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2),
    registry=REGISTRY,
)
