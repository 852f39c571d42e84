"""Names of regions and registries, by AWS partition."""

import re
from functools import cache
from typing import Any

from botocore.loaders import Loader

PUBLIC_HOST = "public.ecr.aws"
PUBLIC = "public"  # the "region" of a token for ECR Public

# The host of a private registry, in all its spellings: plain, FIPS, dual-stack.
_REGISTRY = re.compile(r"(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.([a-z0-9.-]+)")


def partition_of(region: str) -> str | None:
    """Name the region's partition, such as `aws-cn`; None: no such region."""
    return next((name for name, regions, _ in _partitions() if regions.fullmatch(region)), None)


def registry_host(account: str, region: str) -> str:
    """Name a private registry, as `proxyEndpoint` does."""
    return f"{account}.dkr.ecr.{region}.{_suffixes(region)[0]}"


def parse_registry(host: str) -> tuple[str, str] | None:
    """Take account and region out of a registry's host; None: no registry of ECR."""
    if host == PUBLIC_HOST:
        return ("", PUBLIC)
    match = _REGISTRY.fullmatch(host)
    if match is None:
        return None
    account, region, suffix = match.groups()
    return (account, region) if suffix in _suffixes(region) else None


def _suffixes(region: str) -> tuple[str, ...]:
    name = partition_of(region)
    plain = next((suffix for partition, _, suffix in _partitions() if partition == name), None)
    if plain is None:
        return ()
    # The registry's dual-stack names are not those of the partition's API endpoints.
    dual_stack = {"aws-cn": "on.amazonwebservices.com.cn"}.get(str(name), "on.aws")
    return (plain, dual_stack)


@cache
def _partitions() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    found: dict[str, Any] = Loader().load_data("partitions")
    return tuple(
        (entry["id"], re.compile(entry["regionRegex"]), entry["outputs"]["dnsSuffix"])
        for entry in found["partitions"]
    )
