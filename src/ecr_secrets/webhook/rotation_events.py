"""What a change of the webhook's authorities is called in Events."""

from collections.abc import Mapping
from typing import Literal

from ecr_secrets.core.occurrences import Occurrence
from ecr_secrets.core.rotation import Cause, Store

_TOLD: Mapping[Cause, tuple[Literal["Normal", "Warning"], str, str]] = {
    "Due": ("Normal", "WebhookAuthorityCreated", "a new certificate authority is announced"),
    "Trusted": ("Normal", "WebhookAuthorityPromoted", "the announced authority signs from now on"),
    "Over": ("Normal", "WebhookAuthorityRetired", "nothing signed by it is alive any more"),
    "Missed": (
        "Warning",
        "WebhookAuthorityRestored",
        "the record was lost or replaced; the authority in use is trusted for as long as it is",
    ),
    "Unusable": (
        "Warning",
        "WebhookAuthorityUnusable",
        "an authority cannot sign, by its key or its dates, and is replaced",
    ),
    "Damaged": (
        "Warning",
        "WebhookAuthoritiesRepaired",
        "a part of the record could not be read and was removed",
    ),
}


def occurrence_of(step: Store) -> Occurrence:
    """Describe a change that was written."""
    return Occurrence(*_TOLD[step.because])
