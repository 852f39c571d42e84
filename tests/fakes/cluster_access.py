"""Access to a cluster that is a server on loopback."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ecr_secrets.kube.access import ClusterAccess


@dataclass(slots=True)
class ListedTokens:
    """Credentials that are replaced by the next of a list when they are not accepted."""

    tokens: list[str] = field(default_factory=lambda: ["t1"])
    invalidations: int = 0

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.tokens[0]}"}

    def invalidate(self) -> None:
        self.invalidations += 1
        if len(self.tokens) > 1:
            self.tokens.pop(0)


def plain_access(url: str, credentials: ListedTokens | None = None) -> ClusterAccess:
    """Reach a server without TLS."""
    return ClusterAccess(server=url, ssl=None, credentials=credentials or ListedTokens())
