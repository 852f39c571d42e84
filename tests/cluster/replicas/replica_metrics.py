"""What a replica counts of its own work."""

from collections.abc import Mapping

from testbed.operator import Operator


def gauges(operator: Operator) -> Mapping[str, float]:
    """Return what a replica says of credentials."""
    names = ("ecr_secrets_targets{", "ecr_secrets_token_expiry_timestamp_seconds{")
    return {name: value for name, value in operator.metrics().items() if name.startswith(names)}


def changes(operator: Operator) -> Mapping[str, float]:
    """Return the counters of what a replica has asked of AWS, and changed in the cluster."""
    return {
        name: value
        for name, value in operator.metrics().items()
        if name.startswith(("ecr_secrets_aws_requests_total", "ecr_secrets_api_requests_total"))
        and not any(f'verb="{verb}"' in name for verb in ("get", "list", "watch"))
        and "leases" not in name
    }
