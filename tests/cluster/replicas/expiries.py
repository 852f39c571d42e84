"""What pull secrets said of their expiry, each time they were written."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Self

from tests.cluster.replicas.cluster import Cluster
from tests.cluster.replicas.watching import Watch


class Expiries:
    """Follows all pull secrets of a name while it is entered."""

    def __init__(self, cluster: Cluster, secret_name: str) -> None:
        self._seen: defaultdict[str, list[str]] = defaultdict(list)
        path = f"/api/v1/secrets?fieldSelector=metadata.name={secret_name}"
        self._watch = Watch(cluster, path, self._take_in)

    def __enter__(self) -> Self:
        self._watch.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.__exit__()

    def seen(self) -> Mapping[str, list[str]]:
        """Return the expiries by namespace, RFC 3339 and UTC, in the order they were written."""
        copied = dict(self._seen)  # in one go: the watch goes on meanwhile
        return {namespace: list(expiries) for namespace, expiries in copied.items()}

    def latest(self) -> Mapping[str, str]:
        """Return the last expiry by namespace."""
        return {namespace: expiries[-1] for namespace, expiries in self.seen().items()}

    def setbacks(self) -> Mapping[str, list[str]]:
        """Return those that went back to an earlier one, or vanished in between."""
        return {
            namespace: expiries
            for namespace, expiries in self.seen().items()
            if expiries != sorted(expiries)
        }

    def _take_in(self, event: dict[str, Any]) -> None:
        if event["type"] not in {"ADDED", "MODIFIED", "DELETED"}:
            return
        metadata = event["object"]["metadata"]
        expiry = metadata.get("annotations", {}).get("expiry", "")
        gone = event["type"] == "DELETED"
        self._seen[metadata["namespace"]].append("" if gone else expiry)
