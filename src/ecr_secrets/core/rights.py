"""What grants a right that the operator lacks, in the words of chart and manifests."""

from dataclasses import dataclass

_SECRETS = "secrets"
_READING = frozenset({"list", "watch"})
_OWN = frozenset({("get", _SECRETS), ("get", "leases"), ("create", "leases"), ("patch", "leases")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What was asked for and denied, in the API server's terms."""

    verb: str
    resource: str  # with its subresource: awsecrcredentials/status
    namespace: str  # "": the whole cluster


def remedy(right: Right) -> str:
    """Say what grants a right, to whoever reads that it is missing."""
    if (right.verb, right.resource) in _OWN:
        return "granted by the Role of the chart or of manifests/install.yaml"
    role = "the ClusterRole of the chart or of manifests/install.yaml"
    if right.resource != _SECRETS:
        return f"granted by {role}"
    if not right.namespace:
        return (
            f"granted by {role}; of the chart, add the name to rbac.secretNames, or list the "
            "namespaces in rbac.namespaces"
        )
    if right.verb in _READING:
        return (
            "of the chart, add a Secret with AWS keys to rbac.awsAccessSecrets, a pull secret's "
            "name to rbac.secretNames, its namespace to rbac.namespaces; without these, granted by "
            "the ClusterRole, as of manifests/install.yaml"
        )
    return (
        "of the chart, add the name to rbac.secretNames or the namespace to rbac.namespaces; "
        "without these, granted by the ClusterRole, as of manifests/install.yaml"
    )
