"""What a refusal says of the right that is missing. Pure."""

import re

from ecr_secrets.core.rights import Right, remedy
from ecr_secrets.errors import ForbiddenError, OperatorError

# How authorizers say no; quotas, policies and the like use other words for the same status (403).
# https://github.com/kubernetes/apiserver/blob/v0.36.3/pkg/endpoints/handlers/responsewriters/errors.go
_DENIED = re.compile(
    r'cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)"'
    r'(?: in API group "[^"]*")?(?: in the namespace "(?P<namespace>[^"]+)")?'
)


def denied_right(message: str) -> Right | None:
    """Read which right an authorizer found missing; None: the refusal is about something else."""
    found = _DENIED.search(message)
    if found is None:
        return None
    verb, resource, namespace = found.group("verb", "resource", "namespace")
    return Right(verb=verb, resource=resource, namespace=namespace or "")


def with_remedy(error: OperatorError, message: str) -> OperatorError:
    """Add to a refusal for want of a right what would grant it.

    Args:
        error: what the refusal became.
        message: the API server's own words.
    """
    right = denied_right(message) if isinstance(error, ForbiddenError) else None
    return ForbiddenError(f"{error}; {remedy(right)}") if right else error
