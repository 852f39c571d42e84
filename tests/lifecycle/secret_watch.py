"""Sees everything that befalls the pull secrets of a name, so that no gap stays unnoticed."""

import base64
import json
import subprocess
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from testbed.control_plane import ControlPlane
from testbed.waiting import wait_for
from tests.cluster.stage import DATA_KEY

_SOON = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One state of a Secret, in the order in which they came to be."""

    kind: str  # ADDED, MODIFIED, DELETED
    namespace: str
    uid: str
    version: str
    docker_config: bytes = field(repr=False)


class SecretWatch:
    """Watches while it is entered."""

    def __init__(self, cluster: ControlPlane, name: str, folder: Path) -> None:
        """Prepare to watch the Secrets of a name in all namespaces."""
        self._cluster = cluster
        self._name = name
        self._file = folder / "secret-watch.json"

    def __enter__(self) -> Self:
        path = f"/api/v1/secrets?watch=1&fieldSelector=metadata.name={self._name}"
        kubectl = self._cluster.programs.kubectl
        assert kubectl is not None
        with self._file.open("wb") as file:
            self._process = subprocess.Popen(
                [kubectl, f"--kubeconfig={self._cluster.kubeconfig}", "get", "--raw", path],
                stdout=file,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def seen(self, *namespaces: str) -> list[Sight]:
        """Return what befell the Secrets of some namespaces, up to how they are now."""
        wait_for("the watch has seen it all", lambda: self._is_current(namespaces), _SOON)
        return [each for each in self._sights() if each.namespace in namespaces]

    def _is_current(self, namespaces: tuple[str, ...]) -> bool:
        seen = {(each.namespace, each.version) for each in self._sights()}
        path = f"/api/v1/secrets?fieldSelector=metadata.name={self._name}"
        _, answer = self._cluster.request("GET", path)
        there = (each["metadata"] for each in answer["items"])
        return all(
            (each["namespace"], each["resourceVersion"]) in seen
            for each in there
            if each["namespace"] in namespaces
        )

    def _sights(self) -> list[Sight]:
        whole, _, _ = self._file.read_bytes().rpartition(b"\n")
        return [_sight(json.loads(line)) for line in whole.splitlines()]


def _sight(event: dict[str, Any]) -> Sight:
    metadata = event["object"]["metadata"]
    return Sight(
        kind=event["type"],
        namespace=metadata["namespace"],
        uid=metadata["uid"],
        version=metadata["resourceVersion"],
        docker_config=base64.b64decode(event["object"].get("data", {}).get(DATA_KEY, "")),
    )
