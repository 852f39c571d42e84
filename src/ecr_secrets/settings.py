"""Every setting of the operator, with its default, its bounds and its meaning.

The command line is generated from this file: a field `metrics_port` is the flag `--metrics-port`
and the environment variable `ECR_SECRETS_METRICS_PORT`.
"""

from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from ecr_secrets.errors import ConfigurationError

ENVIRONMENT_PREFIX = "ECR_SECRETS_"
_CENTURY = 36_525 * 86_400.0  # seconds; dates end with the year 9999


def setting(
    default: Any,
    help_text: str,
    *,
    choices: tuple[str, ...] | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Any:
    """Describe a setting.

    Args:
        default: works in a cluster.
        help_text: one or two sentences for `--help`.
        choices: the values there are; None: any.
        at_least: the smallest number accepted; None: any.
        at_most: the largest number accepted; None: any.
    """
    bounds = {"help": help_text, "choices": choices, "at_least": at_least, "at_most": at_most}
    return field(default=default, metadata=bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """How the operator runs."""

    kubeconfig: str | None = setting(
        None,
        "Kubeconfig file (or a list of them) to reach the cluster with. Default: $KUBECONFIG, "
        "then the ServiceAccount of the pod, then ~/.kube/config.",
    )
    context: str | None = setting(None, "Context of the kubeconfig. Default: its current context.")
    namespace: str | None = setting(
        None,
        "Namespace the operator runs in; Kubernetes Events name it as their reporter. Default: "
        "the one of the ServiceAccount or of the context.",
    )
    namespaces: str | None = setting(
        None,
        "Namespaces, separated by commas, that pull secrets are kept in; no rights on Secrets of "
        "others are needed then. Default: all that objects name.",
    )
    credential_selector: str | None = setting(
        None,
        "Label selector of the AWSECRCredential objects to serve, such as team=shop, where "
        "several operators share a cluster. Default: all.",
    )
    metrics_port: int = setting(
        8080, "Port that serves /metrics. 0: none.", at_least=0, at_most=65535
    )
    health_port: int = setting(
        8081, "Port that serves /healthz and /readyz. 0: none.", at_least=0, at_most=65535
    )
    bind_address: str = setting(
        "0.0.0.0",  # noqa: S104 - probes and scrapers come from outside the pod
        "Address that all ports are opened on, that of the webhook included.",
    )
    webhook_port: int = setting(
        0,
        "Port of the pod admission webhook, 9443 in install.yaml. 0: no webhook; one that was "
        "registered before is removed.",
        at_least=0,
        at_most=65535,
    )
    webhook_url: str | None = setting(
        None,
        "How the API server reaches the webhook when it runs outside the cluster, such as "
        "https://192.0.2.7:9443. Default: through the Service.",
    )
    webhook_service: str = setting(
        "kube-ecr-secrets-operator", "Service in front of the webhook, in --namespace."
    )
    webhook_service_port: int = setting(443, "Port of that Service.", at_least=1, at_most=65535)
    webhook_configuration: str = setting(
        "kube-ecr-secrets-operator",
        "ValidatingWebhookConfiguration that the operator keeps.",
    )
    webhook_secret: str = setting(
        "kube-ecr-secrets-operator-webhook",
        "Secret in --namespace that the webhook's certificate authorities are kept in.",
    )
    webhook_owner: str = setting(
        "kube-ecr-secrets-operator",
        "ClusterRole that the webhook configuration is owned by, so that uninstalling collects it.",
    )
    ca_lifetime_seconds: float = setting(
        365 * 86_400.0,
        "How long a certificate authority of the webhook lives.",
        at_least=1,
        at_most=_CENTURY,
    )
    certificate_lifetime_seconds: float = setting(
        7 * 86_400.0,
        "How long a serving certificate lives.",
        at_least=3,  # X.509 knows whole seconds
        at_most=_CENTURY,
    )
    ca_overlap_seconds: float = setting(
        60.0,
        "How long a new authority is trusted before it signs: what an API server may take to see "
        "a change.",
        at_least=0.1,
        at_most=_CENTURY,
    )
    tls_cert_file: str | None = setting(
        None, "Serving certificate from elsewhere, PEM, read again when it changes."
    )
    tls_key_file: str | None = setting(None, "Its key, PEM.")
    tls_ca_file: str | None = setting(None, "The authorities that signed it, PEM.")
    lease_name: str = setting(
        "kube-ecr-secrets-operator",
        "Lease in --namespace by which replicas elect the one that runs timers.",
    )
    identity: str | None = setting(
        None, "How this replica calls itself in the Lease. Default: the host's name."
    )
    log_format: str = setting("json", "How log lines look.", choices=("json", "text"))
    log_level: str = setting(
        "info",
        "The least severe level that is logged.",
        choices=("debug", "info", "warning", "error"),
    )
    workers: int = setting(
        4,
        "How many credentials are reconciled at the same time, not counting those that a pod "
        "waits for.",
        at_least=1,
        at_most=64,
    )
    max_concurrent_writes: int = setting(
        16,
        "How many Secrets are written at the same time, not counting those that a pod waits for.",
        at_least=1,
        at_most=256,
    )
    max_writes_per_second: float = setting(
        1000.0,
        "How many Secrets are written per second on average. 0: no limit.",
        at_least=0,
        at_most=100_000,
    )
    request_timeout_seconds: float = setting(
        10.0,
        "Deadline of each request to the Kubernetes API, watches apart.",
        at_least=0.1,
        at_most=300,
    )
    shutdown_grace_seconds: float = setting(
        8.0,
        "How long work that has begun may go on after SIGTERM.",
        at_least=0,
        at_most=300,
    )

    def __post_init__(self) -> None:
        """Check every value at once.

        Raises:
            ConfigurationError: names each setting that is wrong.
        """
        problems = [problem for spec in fields(self) if (problem := self._problem(spec.name))]
        if self.metrics_port and self.metrics_port == self.health_port:
            problems.append(
                f"--health-port: {self.health_port} is the port of --metrics-port already"
            )
        if problems:
            raise ConfigurationError("; ".join(problems))

    def _problem(self, name: str) -> str | None:
        value = getattr(self, name)
        bounds = self.__dataclass_fields__[name].metadata
        flag = flag_of(name)
        if bounds["choices"] and value not in bounds["choices"]:
            return f"{flag}: expected one of {', '.join(bounds['choices'])}, got {value!r}"
        if bounds["at_least"] is not None and not value >= bounds["at_least"]:
            return f"{flag}: expected at least {bounds['at_least']:g}, got {value:g}"
        if bounds["at_most"] is not None and not value <= bounds["at_most"]:
            return f"{flag}: expected at most {bounds['at_most']:g}, got {value:g}"
        return None

    @property
    def request_timeout(self) -> timedelta:
        """Deadline of each request to the Kubernetes API."""
        return timedelta(seconds=self.request_timeout_seconds)

    @property
    def shutdown_grace(self) -> timedelta:
        """How long work that has begun may go on after SIGTERM."""
        return timedelta(seconds=self.shutdown_grace_seconds)


def flag_of(name: str) -> str:
    """Name the command-line flag of a field."""
    return "--" + name.replace("_", "-")


def variable_of(name: str) -> str:
    """Name the environment variable of a field."""
    return ENVIRONMENT_PREFIX + name.upper()
