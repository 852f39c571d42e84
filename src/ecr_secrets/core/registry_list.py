"""The registries that pull secrets open, as a status lists them."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from ecr_secrets.core.hosts import region_of
from ecr_secrets.core.pull_secret import Stamp
from ecr_secrets.core.status import MAX_REGIONS, MAX_REGISTRIES, RegistryStatus
from ecr_secrets.core.times import format_time


def list_registries(stamps: Iterable[Stamp]) -> tuple[RegistryStatus, ...]:
    """List each registry of ECR once, with the earliest expiry found for it.

    What a pull secret taken over opens besides is nothing of ours, nor bounded in any way.
    """
    expiries: dict[str, datetime] = {}
    for entry in sorted((entry for stamp in stamps for entry in stamp.registries), reverse=True):
        expiries[entry.host] = entry.expires_at
    known = ((host, region_of(host)) for host in sorted(expiries))
    listed = (
        RegistryStatus(host=host, region=region, expires_at=format_time(expiries[host]))
        for host, region in known
        if region
    )
    return tuple(islice(listed, MAX_REGISTRIES))


def name_regions(registries: Iterable[RegistryStatus]) -> str:
    """Name the regions in a line, as many as fit."""
    line = ",".join(sorted({registry.region for registry in registries}))
    return line if len(line) <= MAX_REGIONS else line[:MAX_REGIONS].rpartition(",")[0]
